package main

import (
	"errors"
	"fmt"
	"io"

	"tickertape/feeds/eventsource"
	"tickertape/handlers/sse"
)

// readWire reads the wire for the kind sse: feeds import nothing of the handlers.
func readWire(stream io.Reader, most int) eventsource.Blocks {
	return wireBlocks{sse.NewReader(stream, most)}
}

type wireBlocks struct{ reader *sse.Reader }

// Next implements [eventsource.Blocks].
func (b wireBlocks) Next() (eventsource.Block, error) {
	read, err := b.reader.NextBlock()
	if errors.Is(err, sse.ErrTooLong) {
		err = fmt.Errorf("%w: %w", eventsource.ErrTooLong, err)
	}
	return eventsource.Block{ID: read.ID, Type: read.Type, Data: read.Data, Retry: read.Retry, Event: read.Dispatched}, err
}
