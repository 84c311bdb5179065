package feeds

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tickertape/topics"
)

// A keyedBus keeps the keys of what is published, as the log does.
type keyedBus struct {
	mu     sync.Mutex
	keys   []string
	drafts []topics.Draft
}

func (b *keyedBus) Publish(_ context.Context, key string, drafts ...topics.Draft) ([]topics.ID, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if drafts[0].Topic != StatusTopic {
		b.keys = append(b.keys, key)
		b.drafts = append(b.drafts, drafts...)
	}
	return make([]topics.ID, len(drafts)), nil
}

func (b *keyedBus) Retract(context.Context, string, string) (topics.ID, error) {
	return topics.ID{}, nil
}

func (b *keyedBus) NewestKey(prefix string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := len(b.keys) - 1; i >= 0; i-- {
		if strings.HasPrefix(b.keys[i], prefix) {
			return b.keys[i]
		}
	}
	return ""
}

type relaying func(ctx context.Context, pub Publisher) error

func (f relaying) Run(ctx context.Context, pub Publisher) error { return f(ctx, pub) }

// relayOnce runs a feed for a while and returns what the supervisor saved last.
func relayOnce(t *testing.T, bus Bus, memory []byte, run relaying) []byte {
	t.Helper()
	s := NewSupervisor(Options{Bus: bus, Save: func(m []byte) error { memory = m; return nil }})
	spec := Spec{Kind: "relay", Topics: []string{"news"}}
	if err := s.Add(spec, run, Env{ID: "edge", Seed: 1}); err != nil {
		t.Fatal(err)
	}
	if memory != nil {
		if err := s.Recall(memory); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := s.Run(ctx); err != nil {
		t.Fatal(err)
	}
	return memory
}

func draft(i int) topics.Draft {
	return topics.Draft{Topic: "news", Data: fmt.Appendf(nil, `{"id":"%d"}`, i)}
}

// The position is as old as what is stored, never younger, whatever a crash costs.
func TestPositions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := &keyedBus{}
		var found []string
		note := func(pub Publisher) { found = append(found, pub.(Relayer).Position()) }
		old := relayOnce(t, bus, nil, func(ctx context.Context, pub Publisher) error {
			note(pub)
			if _, err := pub.(Relayer).Relay(ctx, "7", draft(6), draft(7)); err != nil {
				return err
			}
			note(pub)
			pub.(Relayer).Keep("9")
			note(pub)
			<-ctx.Done()
			return nil
		})
		relayOnce(t, bus, old, func(ctx context.Context, pub Publisher) error {
			note(pub) // what was kept is newer than what is stored
			_, err := pub.(Relayer).Relay(ctx, "12", draft(12))
			<-ctx.Done()
			return err
		})
		relayOnce(t, bus, old, func(ctx context.Context, pub Publisher) error {
			note(pub) // what is stored is newer than what was saved
			<-ctx.Done()
			return nil
		})
		bus.keys = nil // all of it has left the tape
		relayOnce(t, bus, old, func(ctx context.Context, pub Publisher) error {
			note(pub)
			<-ctx.Done()
			return nil
		})
		if got, want := fmt.Sprint(found), "[ 7 9 9 12 9]"; got != want {
			t.Errorf("positions %v; want %v", got, want)
		}
	})
}

func TestRelayRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := &keyedBus{}
		relayOnce(t, bus, nil, func(ctx context.Context, pub Publisher) error {
			var invalid *topics.InvalidError
			_, err := pub.(Relayer).Relay(ctx, "1", draft(1), topics.Draft{Topic: "stock"})
			if !errors.As(err, &invalid) || invalid.Index != 1 {
				t.Errorf("a topic that is not the feed's: %v", err)
			}
			for _, position := range []string{"", strings.Repeat("x", 1001)} {
				if _, err := pub.(Relayer).Relay(ctx, position, draft(1)); err == nil {
					t.Errorf("a position of %d bytes is taken", len(position))
				}
			}
			if len(bus.drafts) > 0 {
				t.Errorf("stored: %v", bus.drafts)
			}
			<-ctx.Done()
			return nil
		})
	})
}
