package topics

import (
	"context"
	"flag"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

var seedFlag = flag.Uint64("seed", 0, "seed of the randomized tests; 0: a new one each time")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// testTopics returns a catalogue with a topic of every sort.
func testTopics(t testing.TB) *Catalogue {
	t.Helper()
	c, err := NewCatalogue(
		Topic{Name: "news", Key: "id", Snapshot: 5},
		Topic{Name: "chat", Snapshot: 3},
		Topic{Name: "stock", Mode: Latest, Key: "symbol"},
		Topic{Name: "weather", Mode: Latest, Key: "location"},
		Topic{Name: "clock", Mode: Latest},
		Topic{Name: "secret", Private: true},
		Topic{Name: "old", Retired: true},
		Topic{Name: "form", Schema: []byte(`{
			"type": "object",
			"properties": {"n": {"type": "integer", "maximum": 9}, "a/b~c": {"type": "string"}},
			"required": ["n"],
			"$defs": {"unused": {"$ref": "#/properties/n"}}
		}`)},
	)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A rig is a running bus on a memLog.
type rig struct {
	*Bus
	t    testing.TB
	log  *memLog
	wire Wire
	stop func() error // ends Run and returns what it returned; may be called twice
}

// start runs a bus on log until the test ends, and waits until it is ready.
func start(t testing.TB, log *memLog, o Options) *rig {
	t.Helper()
	r := launch(t, log, o)
	<-r.Ready()
	return r
}

// launch is start without the wait.
func launch(t testing.TB, log *memLog, o Options) *rig {
	t.Helper()
	if o.Catalogue == nil {
		o.Catalogue = testTopics(t)
	}
	if o.Wire == nil {
		o.Wire = lineWire{"main"}
	}
	o.Log = log
	r := &rig{Bus: NewBus(o), t: t, log: log, wire: o.Wire}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	var err error
	go func() {
		defer close(ended)
		err = r.Run(ctx)
	}()
	r.stop = func() error {
		cancel()
		<-ended
		return err
	}
	t.Cleanup(func() { _ = r.stop() })
	return r
}

// put publishes one JSON value and waits until it is on the tape.
func (r *rig) put(topic, data string) ID {
	r.t.Helper()
	return r.publish(Draft{Topic: topic, Data: []byte(data)})[0]
}

func (r *rig) publish(drafts ...Draft) []ID {
	r.t.Helper()
	ids, err := r.Publish(context.Background(), "", drafts...)
	if err != nil {
		r.t.Fatalf("publish: %v", err)
	}
	r.await(ids[len(ids)-1])
	return ids
}

func (r *rig) retract(topic, key string) ID {
	r.t.Helper()
	id, err := r.Retract(context.Background(), topic, key)
	if err != nil {
		r.t.Fatalf("retract: %v", err)
	}
	r.await(id)
	return id
}

func (r *rig) await(id ID) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := r.Await(ctx, id.Seq); err != nil {
		r.t.Fatalf("await %v: %v", id, err)
	}
}

func (r *rig) filter(texts ...string) Filter {
	r.t.Helper()
	f, err := ParseFilter(r.Catalogue(), texts...)
	if err != nil {
		r.t.Fatal(err)
	}
	return f
}

// A reader is a subscription and what it was given.
type reader struct {
	*Subscription
	t     testing.TB
	lines []line
}

// changed returns a channel that is closed when there may be something new for s.
func changed(s *Subscription) <-chan struct{} {
	signal := make(chan struct{})
	close := sync.OnceFunc(func() { close(signal) })
	s.Notify(close)
	return signal
}

func (r *rig) subscribe(q Request) *reader {
	r.t.Helper()
	if q.Wire == nil {
		q.Wire = r.wire
	}
	return &reader{Subscription: r.Subscribe(q), t: r.t}
}

// join subscribes and takes the opening.
func (r *rig) join(types string) *reader {
	r.t.Helper()
	rd := r.subscribe(Request{Filter: r.filter(types)})
	rd.drain()
	return rd
}

// next returns the lines of one call of Next.
func (rd *reader) next(late bool) []line {
	rd.t.Helper()
	lines := parseLines(rd.t, rd.Next(late))
	rd.lines = append(rd.lines, lines...)
	return lines
}

// drain returns all lines up to where the reader is level.
func (rd *reader) drain() []line {
	rd.t.Helper()
	var all []line
	for {
		lines := rd.next(false)
		if lines == nil {
			return all
		}
		all = append(all, lines...)
	}
}

// brief prints lines compactly: "open:fresh *5 live:7 8 beat:9". A star is an event
// without an id, "-5" in place of 5 is a retraction.
func brief(lines []line) string {
	s := ""
	for _, l := range lines {
		if s != "" {
			s += " "
		}
		id := ""
		if l.ID != "" {
			id = ":" + l.ID[len("mem-"):]
		}
		switch l.Kind {
		case "open":
			s += "open:" + string(l.State)
			if l.Reason != "" {
				s += ":" + string(l.Reason)
			}
		case "event":
			if l.ID == "" {
				s += "*"
			} else if id != fmt.Sprintf(":%d", l.Seq) {
				s += "WRONG" + id + "/"
			}
			if l.Op == Retract {
				s += "-"
			}
			s += fmt.Sprint(l.Seq)
		default:
			s += l.Kind + id
		}
	}
	return s
}

func want(t testing.TB, what string, lines []line, text string) {
	t.Helper()
	if got := brief(lines); got != text {
		t.Errorf("%s: got  %q\n\twant %q", what, got, text)
	}
}
