package eventsource

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
)

// snapshot asks for the current values, stores those that are newer than the position,
// and moves it to where they bring us.
func (s *session) snapshot(ctx context.Context) error {
	cursor, err := s.values(ctx, s.pairs, func(e *Envelope) error {
		if s.at.reaches(e.ID) {
			return nil // it was stored before the position was lost
		}
		return s.take(ctx, e)
	})
	if err == nil {
		err = s.flush(ctx)
	}
	if err != nil {
		return err
	}
	s.at.id = cursor
	s.log.Keep(s.at.String())
	return nil
}

// catchUp stores the current values of the pairs that are new, and leaves the position
// where it is: of the others, all that followed is to come.
func (s *session) catchUp(ctx context.Context) error {
	store := func() error {
		s.to = s.at
		s.to.life = newLife() // under each position once
		return s.flush(ctx)
	}
	if len(s.added) > 0 {
		cursor, err := s.values(ctx, s.added, func(e *Envelope) error {
			if len(s.batch) == maxBatch-1 || s.bytes+len(e.Data) >= maxBatchBytes {
				if err := store(); err != nil {
					return err
				}
			}
			return s.take(ctx, e)
		})
		if err == nil {
			err = store()
		}
		if err != nil {
			return err
		}
		s.until = position{id: cursor}
	}
	s.log.Keep(s.at.String())
	return nil
}

// values asks for the current values of the pairs, and returns the position that they
// stand for.
func (s *session) values(ctx context.Context, pairs map[string]*pair, take func(*Envelope) error) (cursor string, err error) {
	address := s.tape.address(url.Values{"type": {filterOf(pairs)}, "limit": {fmt.Sprint(maxValues)}})
	// The face of lines is among what we accept so that the answer is read as it comes.
	header := s.tape.faceHeader(faceJSON + ", " + faceLines + ";q=0.1")
	in, err := open(ctx, s.pub.HTTP(), address, header, faceJSON, tapeIdle)
	if err != nil {
		return "", fmt.Errorf("ask the source for its values: %w", err)
	}
	defer in.Close()
	cursor, more, err := readValues(json.NewDecoder(in), take)
	if err != nil {
		return "", fmt.Errorf("read the values of the source: %w", err)
	}
	if more {
		s.pub.Log().Warn("the source holds more values than are asked for: the oldest are missing", "asked", maxValues)
	}
	return cursor, nil
}

// maxValues is how many values a snapshot has at most, the newest ones.
const maxValues = 10_000

// readValues reads the answer of the JSON face, event by event.
func readValues(dec *json.Decoder, take func(*Envelope) error) (cursor string, more bool, err error) {
	if err := expect(dec, '{'); err != nil {
		return "", false, err
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return "", false, err
		}
		switch name {
		case "cursor":
			err = dec.Decode(&cursor)
		case "more":
			err = dec.Decode(&more)
		case "events":
			err = readEvents(dec, take)
		default:
			var other json.RawMessage
			err = dec.Decode(&other)
		}
		if err != nil {
			return "", false, err
		}
	}
	if err := expect(dec, '}'); err != nil {
		return "", false, err
	}
	if cursor == "" {
		return "", false, errors.New("the answer has no cursor: is it another tickertape?")
	}
	return cursor, more, nil
}

func readEvents(dec *json.Decoder, take func(*Envelope) error) error {
	if err := expect(dec, '['); err != nil {
		return err
	}
	for dec.More() {
		var e Envelope
		if err := dec.Decode(&e); err != nil {
			return err
		}
		if err := take(&e); err != nil {
			return err
		}
	}
	return expect(dec, ']')
}

func expect(dec *json.Decoder, want json.Delim) error {
	token, err := dec.Token()
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	if err == nil && token != want {
		err = fmt.Errorf("the answer has %v where %s should be", token, want)
	}
	return err
}
