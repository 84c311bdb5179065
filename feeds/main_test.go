package feeds

import (
	"context"
	"encoding/json"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"tickertape/topics"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeBus keeps what is published. block and fail are asked before each publish.
type fakeBus struct {
	mu       sync.Mutex
	drafts   []topics.Draft
	states   []Status
	keys     []string // idempotency keys of publishes that are no states
	retracts []string
	fail     func(ctx context.Context, drafts []topics.Draft) error
}

func (b *fakeBus) Publish(ctx context.Context, idempotency string, drafts ...topics.Draft) ([]topics.ID, error) {
	b.mu.Lock()
	fail := b.fail
	b.mu.Unlock()
	if drafts[0].Topic != StatusTopic {
		b.mu.Lock()
		b.keys = append(b.keys, idempotency)
		b.mu.Unlock()
	}
	if fail != nil {
		if err := fail(ctx, drafts); err != nil {
			return nil, err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, d := range drafts {
		if d.Topic != StatusTopic {
			b.drafts = append(b.drafts, d)
			continue
		}
		var s Status
		if err := json.Unmarshal(d.Data, &s); err != nil {
			panic(err)
		}
		b.states = append(b.states, s)
	}
	return make([]topics.ID, len(drafts)), nil
}

func (b *fakeBus) Retract(_ context.Context, topic, key string) (topics.ID, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.retracts = append(b.retracts, topic+"."+key)
	return topics.ID{}, nil
}

func (b *fakeBus) published() []topics.Draft {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]topics.Draft(nil), b.drafts...)
}

func (b *fakeBus) announced() []Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]Status(nil), b.states...)
}

func (b *fakeBus) setFail(fail func(ctx context.Context, drafts []topics.Draft) error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fail = fail
}

// feedFunc is a feed of one function.
type feedFunc func(ctx context.Context, pub Publisher) error

func (f feedFunc) Run(ctx context.Context, pub Publisher) error { return f(ctx, pub) }

var testSpec = Spec{Kind: "test", Topics: []string{"news"}}

// start runs a supervisor with one feed inside a bubble; stop ends and awaits it.
func start(t *testing.T, bus *fakeBus, opts Options, spec Spec, env Env, feed Feed) (s *Supervisor, stop func() error) {
	t.Helper()
	opts.Bus = bus
	s = NewSupervisor(opts)
	if env.ID == "" {
		env.ID = "f"
	}
	if env.Seed == 0 {
		env.Seed = 7
	}
	if err := s.Add(spec, feed, env); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	return s, func() error { cancel(); return <-done }
}
