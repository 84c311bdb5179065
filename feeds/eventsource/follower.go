package eventsource

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"tickertape/feeds"
	"tickertape/feeds/jsonmap"
)

const (
	signGap      = 5 * time.Second // at least, between two signs of life to the supervisor
	eventStream  = "text/event-stream"
	lastEventID  = "Last-Event-ID"
	maxEventSize = 1 << 20
)

// A follower reads a stream of events and makes items of them.
type follower struct {
	// Immutable.
	wire   Wire
	name   string
	url    string
	header http.Header
	idle   time.Duration
	text   bool            // data is text
	events map[string]bool // to take; nil: all
	drop   *jsonmap.Condition
	mapper *jsonmap.Mapper
	sample time.Duration
	resume bool
	since  start

	// Owned by Run.
	lastID  string
	pauses  pauses
	printed time.Time // when the last item was
	signed  time.Time // when the supervisor was last told that it lives
	read    uint64    // events, since the start
	used    uint64    // of those, printed
	wrong   uint64    // of those, no items
	reason  string    // why the last of those was none
}

// Run follows the stream over any number of connections, until ctx is done or one of
// them was of no use.
func (f *follower) Run(ctx context.Context, pub feeds.Publisher) error {
	keep := f.keeper(pub)
	for {
		began := time.Now()
		heard, err := f.connection(ctx, pub, keep)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		f.pauses.note(time.Since(began), heard)
		if !heard || !interrupted(err) {
			return f.pauses.failed(fmt.Errorf("follow the stream: %w", err))
		}
		pub.Log().Debug("the stream ended", "reason", err, "position", f.lastID)
		if err := sleep(ctx, f.pauses.next()); err != nil {
			return err
		}
	}
}

// keeper returns what notes a position for a restart, having taken the one that was
// noted before.
func (f *follower) keeper(pub feeds.Publisher) func(id string) {
	if r := feeds.RelayerOf(pub); f.resume && r != nil {
		if f.lastID == "" {
			f.lastID = r.Position()
		}
		return r.Keep
	}
	return func(string) {}
}

// errPublish is in the chain of errors that are the tape's and not the stream's.
var errPublish = errors.New("publish")

// interrupted reports whether an error only says that a connection is over.
func interrupted(err error) bool {
	return !errors.Is(err, ErrTooLong) && !errors.Is(err, errPublish)
}

// connection reads one stream to its end. It reports whether anything came.
func (f *follower) connection(ctx context.Context, pub feeds.Publisher, keep func(string)) (heard bool, err error) {
	header := f.header.Clone()
	header.Set("Accept", eventStream)
	address := f.url
	if f.lastID != "" {
		header.Set(lastEventID, f.lastID)
	} else {
		address = f.since.address(address, time.Now())
	}
	s, err := open(ctx, pub.HTTP(), address, header, eventStream, f.idle)
	if err != nil {
		return false, err
	}
	defer s.Close()
	f.sign(pub)
	blocks := f.wire(s, maxEventSize)
	for {
		b, err := blocks.Next()
		if err != nil {
			if errors.Is(err, ErrTooLong) {
				f.lastID = "" // it would only come again
			}
			return heard, err
		}
		heard = true
		f.pauses.base = b.Retry
		if b.Event {
			if err := f.event(ctx, pub, b); err != nil {
				return heard, fmt.Errorf("%w: %w", errPublish, err)
			}
		}
		if b.ID != "" && b.ID != f.lastID {
			f.lastID = b.ID
			keep(b.ID)
		}
		f.sign(pub)
	}
}

// sign tells the supervisor, and people, that the stream lives.
func (f *follower) sign(pub feeds.Publisher) {
	if now := time.Now(); now.Sub(f.signed) >= signGap {
		f.signed = now
		pub.OK(f.detail())
	}
}

func (f *follower) detail() string {
	text := fmt.Sprintf("%d events, %d printed", f.read, f.used)
	if f.wrong > 0 {
		text += fmt.Sprintf(", %d that could be no items: %s", f.wrong, f.reason)
	}
	return text
}

// event prints what becomes of one event. It returns an error only if the tape does.
func (f *follower) event(ctx context.Context, pub feeds.Publisher, e Block) error {
	f.read++
	if f.events != nil && !f.events[e.Type] {
		return nil
	}
	var value any = string(e.Data)
	if !f.text {
		var err error
		if value, err = jsonmap.Decode(e.Data); err != nil {
			f.miss(pub, fmt.Errorf("the data is no JSON: %.80q: %w", e.Data, err))
			return nil
		}
	}
	document := map[string]any{"id": e.ID, "event": e.Type, "data": value}
	if f.drop != nil && f.drop.Holds(value, document) {
		return nil
	}
	if f.sample > 0 && time.Since(f.printed) < f.sample {
		return nil
	}
	b := f.mapper.Items([]jsonmap.Element{{Value: value}}, document, nil, 0)
	if b.Wrong != nil {
		f.miss(pub, b.Wrong)
	}
	if len(b.Items) == 0 {
		return nil
	}
	f.printed = time.Now()
	switch err := pub.Publish(ctx, b.Items...); {
	case errors.Is(err, feeds.ErrItem):
		f.miss(pub, err)
	case err != nil:
		return err
	default:
		f.used++
	}
	return nil
}

// miss counts an event that could be no item, and shows why; the first one is logged.
func (f *follower) miss(pub feeds.Publisher, reason error) {
	f.wrong++
	f.reason = reason.Error()
	if f.wrong == 1 {
		pub.Log().Warn("an event can be no item", "reason", f.reason)
	}
	feeds.Note(pub, f.detail())
}
