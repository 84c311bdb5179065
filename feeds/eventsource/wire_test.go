package eventsource

import (
	"errors"
	"fmt"
	"io"

	"tickertape/handlers/sse"
)

// testWire is the wire as main hands it in.
func testWire(stream io.Reader, most int) Blocks { return testBlocks{sse.NewReader(stream, most)} }

type testBlocks struct{ *sse.Reader }

func (b testBlocks) Next() (Block, error) {
	read, err := b.NextBlock()
	if errors.Is(err, sse.ErrTooLong) {
		err = fmt.Errorf("%w: %w", ErrTooLong, err)
	}
	return Block{ID: read.ID, Type: read.Type, Data: read.Data, Retry: read.Retry, Event: read.Dispatched}, err
}
