package eventsource

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"tickertape/feeds"
	"tickertape/topics"
)

const (
	maxBatch      = 500     // events stored as one unit
	maxBatchBytes = 4 << 20 // of their data, beyond the last
)

// errReset says that a stream does not go on where the relay was.
var errReset = errors.New("the source does not have what followed")

// A session is one attempt to relay: the topics, the values where they are needed, and
// the stream.
type session struct {
	*relay
	pub   feeds.Publisher
	log   feeds.Relayer
	tape  Tape
	pairs map[string]*pair
	level bool     // the source said that it will go on where we are
	at    position // of what was read last

	added map[string]*pair // that the position of before did not have
	until position         // up to which the values of those are stored

	// What waits to be stored; see flush.
	batch   []topics.Draft
	sources []string // the id of each where it has no key, otherwise ""
	bytes   int
	to      position // up to which the batch brings us
}

// run ends with an error, always.
func (s *session) run(ctx context.Context) error {
	var err error
	if s.pairs, err = s.askPairs(ctx, s.pub); err != nil {
		return err
	}
	s.at = parsePosition(s.log.Position())
	scope := scopeOf(s.pairs)
	switch {
	case s.at.id == "", s.at.scope != scope && scope[0] == '#':
		s.at = position{scope: scope, life: newLife()}
		err = s.snapshot(ctx)
	case s.at.scope != scope:
		s.added = addedTo(s.at.scope, s.pairs)
		s.at.scope = scope
		err = s.catchUp(ctx)
	}
	if err != nil {
		return err
	}
	err = s.follow(ctx)
	if errors.Is(err, errReset) {
		s.gaps++
		s.pub.Log().Warn("the source has no longer what followed: only its current values do", "position", s.at.id, "reason", err)
		if err = s.snapshot(ctx); err == nil {
			err = s.follow(ctx)
		}
	}
	return err
}

// follow relays the stream after the position to its end.
func (s *session) follow(ctx context.Context) error {
	err := s.tape.Follow(ctx, url.Values{"type": {filterOf(s.pairs)}}, s.at.id, func(e *Envelope, _ []byte, more bool) error {
		if err := s.handle(ctx, e); err != nil || more {
			return err
		}
		return s.flush(ctx)
	})
	if failed := s.flush(ctx); failed != nil {
		return failed
	}
	return err
}

// handle handles one event of a stream.
func (s *session) handle(ctx context.Context, e *Envelope) error {
	switch e.Topic {
	case "stream":
		return s.opened(e)
	case "live", "heartbeat":
		return s.mark(ctx, e)
	case "retract":
		if err := s.retract(ctx, e); err != nil {
			return err
		}
		return s.mark(ctx, e)
	case "bye":
		return s.farewell(e)
	}
	if e.ID == "" {
		return fmt.Errorf("%w: a snapshot in the middle of a stream", errReset)
	}
	s.at.id = e.ID
	return s.take(ctx, e)
}

// opened reads how the stream goes on.
func (s *session) opened(e *Envelope) error {
	o, ok := e.Opening()
	if !ok || o.State != "resumed" {
		return fmt.Errorf("%w: %s %s", errReset, o.State, o.Reason)
	}
	s.level = true
	s.sign()
	return nil
}

// mark notes a position with nothing to store.
func (s *session) mark(ctx context.Context, e *Envelope) error {
	if err := s.flush(ctx); err != nil {
		return err
	}
	if e.ID != "" {
		s.at.id = e.ID
		s.log.Keep(s.at.String())
	}
	s.sign()
	return nil
}

func (s *session) sign() {
	if now := time.Now(); now.Sub(s.signed) >= signGap {
		s.signed = now
		s.pub.OK(s.detail())
	}
}

// farewell ends the session as the source asks for.
func (s *session) farewell(e *Envelope) error {
	reason, pause, _ := e.Bye()
	err := fmt.Errorf("the source says bye: %s", reason)
	if !s.level {
		return feeds.RetryAfter(pause, err)
	}
	s.bye = pause
	return err
}

// take adds an event to the batch, with which we will be at its id.
func (s *session) take(ctx context.Context, e *Envelope) error {
	to := s.pairs[e.Topic]
	if to == nil || s.added[e.Topic] != nil && s.until.reaches(e.ID) {
		return nil // nothing that we asked for, or that we do not have
	}
	s.batch = append(s.batch, e.draft(to))
	source := ""
	if to.keyless && e.Key == "" {
		source = e.ID
	}
	s.sources = append(s.sources, source)
	s.bytes += len(e.Data)
	s.to = position{e.ID, s.at.scope, s.at.life}
	if len(s.batch) < maxBatch && s.bytes < maxBatchBytes {
		return nil
	}
	return s.flush(ctx)
}

// flush stores the batch. Events that do not fit here are left out and counted.
func (s *session) flush(ctx context.Context) error {
	for len(s.batch) > 0 {
		ids, err := s.log.Relay(ctx, s.to.String(), s.batch...)
		var invalid *topics.InvalidError
		if errors.As(err, &invalid) && invalid.Index >= 0 && invalid.Index < len(s.batch) {
			s.leaveOut(invalid)
			continue
		}
		if err != nil {
			return fmt.Errorf("%w: %w", errPublish, err)
		}
		for i, source := range s.sources {
			if source != "" {
				s.ids.add(source, ids[i])
			}
		}
		if s.circles(ids) {
			return feeds.NeedsAttention(fmt.Errorf("%w: the source is this server itself, and would bring it again", errPublish),
				"set url to another tickertape, or topics so that none is printed on that is relayed; a data folder that was copied from the source's makes the two one, too")
		}
		s.relayed += uint64(len(ids))
		s.sign()
		s.batch, s.sources = s.batch[:0], s.sources[:0]
	}
	if s.bytes > 0 {
		s.log.Keep(s.to.String()) // also where all of them were left out
	}
	s.bytes = 0
	return nil
}

// circles reports whether what was stored under these ids comes back from the source: it
// has the log that we print on, and relays a topic that we print on.
func (s *session) circles(ids []topics.ID) bool {
	source, err := topics.ParseID(s.to.id)
	if err != nil || len(ids) == 0 || source.Epoch != ids[0].Epoch {
		return false
	}
	for _, p := range s.pairs {
		if s.pairs[p.here] != nil {
			return true
		}
	}
	return false
}

// leaveOut takes an event out of the batch that is refused here.
func (s *session) leaveOut(invalid *topics.InvalidError) {
	i := invalid.Index
	if s.refused == 0 {
		s.pub.Log().Warn("an event of the source does not fit here", "topic", s.batch[i].Topic, "field", invalid.Field, "reason", invalid.Reason)
	}
	s.refused++
	s.batch = append(s.batch[:i], s.batch[i+1:]...)
	s.sources = append(s.sources[:i], s.sources[i+1:]...)
}

// retract passes a retraction on.
func (s *session) retract(ctx context.Context, e *Envelope) error {
	if err := s.flush(ctx); err != nil {
		return err
	}
	var what struct {
		Topic, ID string
		Key       *string
	}
	if err := json.Unmarshal(e.Data, &what); err != nil {
		return fmt.Errorf("follow the source: event retract: %w", err)
	}
	to := s.pairs[what.Topic]
	if to == nil {
		return nil
	}
	key := ""
	if what.Key != nil {
		key = *what.Key
	} else if id, known := s.ids.there[what.ID]; known {
		key = id.String()
	} else {
		s.astray++
		return nil
	}
	if err := s.pub.Retract(ctx, to.here, key); err != nil && !errors.Is(err, feeds.ErrItem) {
		return fmt.Errorf("%w: %w", errPublish, err)
	}
	return nil
}
