package natslog

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"tickertape/topics"
)

// A unit that the server refuses takes no other unit with it.
func TestRefusedUnitFailsAlone(t *testing.T) {
	l := mustOpen(t, Options{Dir: t.TempDir()}, machine{})
	group := make([]*unit, 2*batchPays)
	for i := range group {
		u, err := l.newUnit([]topics.Event{stock(strconv.Itoa(i), "1")})
		if err != nil {
			t.Fatal(err)
		}
		group[i] = u
	}
	const bad = 5
	group[bad].messages[0].Header["Nats-Expected-Last-Sequence"] = []string{"999"}
	l.commit(group)
	for i, u := range group {
		o := <-u.done
		if (o.err != nil) != (i == bad) {
			t.Errorf("unit %d: %v", i, o.err)
		}
		if i == bad && !errors.Is(o.err, topics.ErrUnavailable) {
			t.Errorf("the refused unit: %v", o.err)
		}
	}
	got := readAll(t, l, 1)
	if len(got) != len(group)-1 {
		t.Errorf("%d events; want %d", len(got), len(group)-1)
	}
	for i, e := range got {
		want := i
		if i >= bad {
			want++
		}
		if e.Key != strconv.Itoa(want) {
			t.Errorf("place %d has the event of unit %s; want %d", e.Seq, e.Key, want)
		}
	}
}

// A caller that gives up before its unit is committed knows that it was not stored.
func TestUnitGivenUp(t *testing.T) {
	l := mustOpen(t, Options{Dir: t.TempDir()}, machine{})
	u, err := l.newUnit([]topics.Event{stock("A", "1")})
	if err != nil {
		t.Fatal(err)
	}
	if err := u.giveUp(context.Canceled); !errors.Is(err, context.Canceled) || errors.Is(err, topics.ErrUnknownOutcome) {
		t.Errorf("given up while it waits: %v", err)
	}
	l.units <- u
	mustAppend(t, l, stock("B", "2")) // behind u
	if got := readAll(t, l, 1); len(got) != 1 || got[0].Key != "B" {
		t.Errorf("stored: %+v", got)
	}
	if err := u.giveUp(context.Canceled); !errors.Is(err, topics.ErrUnknownOutcome) || !errors.Is(err, context.Canceled) {
		t.Errorf("given up after it was taken: %v", err)
	}
}

// checkTape appends through trouble and follows meanwhile: each acknowledged event
// comes exactly once, in order.
func checkTape(t *testing.T, l *Log, trouble func()) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	acked := make(map[uint64]string)
	seen := make(chan topics.Event, 10_000)
	following := make(chan error, 1)
	followCtx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		following <- l.Follow(followCtx, 1, func(list []topics.Event) error {
			for _, e := range list {
				seen <- e
			}
			return nil
		})
	}()
	n := 0
	write := func(count int) {
		for done := 0; done < count; n++ {
			data := fmt.Sprint(n)
			first, err := l.Append(ctx, []topics.Event{stock("A", data)})
			switch {
			case err == nil:
				acked[first] = data
				done++
			case ctx.Err() != nil:
				t.Fatalf("the log does not come back: %v", err)
			case !errors.Is(err, topics.ErrUnavailable) && !errors.Is(err, topics.ErrUnknownOutcome):
				t.Fatalf("Append in trouble: %v", err)
			default:
				time.Sleep(time.Millisecond) // as a publisher does before it tries again
			}
		}
	}
	for range 3 {
		write(50)
		trouble()
	}
	write(50)
	last := slices.Max(slices.Collect(maps.Keys(acked)))
	for want := uint64(1); want <= last; want++ {
		var e topics.Event
		select {
		case e = <-seen:
		case <-ctx.Done():
			t.Fatalf("place %d of %d was never read", want, last)
		}
		if data, ok := acked[e.Seq]; e.Seq != want || ok && data != string(e.Data) {
			t.Fatalf("read %s at place %d; want place %d with %s", e.Data, e.Seq, want, data)
		}
		delete(acked, e.Seq)
	}
	if len(acked) > 0 {
		t.Errorf("%d acknowledged events are lost", len(acked))
	}
	stop()
	if err := <-following; !errors.Is(err, context.Canceled) {
		t.Errorf("Follow: %v", err)
	}
}

func TestEmbeddedServerIsRestarted(t *testing.T) {
	l := mustOpen(t, Options{Dir: t.TempDir()}, machine{})
	epoch := stateOf(t, l).Epoch
	checkTape(t, l, func() { l.embedded.broken <- struct{}{} })
	mustClose(t, l)
	l = mustOpen(t, l.opts, machine{})
	if after := stateOf(t, l).Epoch; after != epoch {
		t.Errorf("epoch %s; was %s", after, epoch)
	}
}

func TestConnectionLost(t *testing.T) {
	l := mustOpen(t, Options{Dir: t.TempDir(), Sync: Sync(time.Minute)}, machine{})
	checkTape(t, l, func() {
		if err := l.link.nc.ForceReconnect(); err != nil {
			t.Error(err)
		}
	})
}

func TestConsumerLost(t *testing.T) {
	l := mustOpen(t, Options{Dir: t.TempDir(), Sync: Sync(time.Minute)}, machine{})
	checkTape(t, l, func() {
		stream, err := l.js.Stream(t.Context(), tapeStream)
		if err != nil {
			t.Fatal(err)
		}
		for name := range stream.ConsumerNames(t.Context()).Name() {
			if err := l.js.DeleteConsumer(t.Context(), tapeStream, name); err != nil {
				t.Error(err)
			}
		}
	})
}

// While an outside server is down, Append says so at once.
func TestServerDown(t *testing.T) {
	dir := t.TempDir()
	s := outsideServer(t, dir)
	l := mustOpen(t, Options{URL: s.ClientURL()}, machine{})
	mustAppend(t, l, stock("A", "1"))
	_, life := l.link.state()
	s.Shutdown()
	s.WaitForShutdown()
	<-life.Done()
	start := time.Now()
	if _, err := l.Append(t.Context(), []topics.Event{stock("A", "2")}); !errors.Is(err, topics.ErrUnavailable) {
		t.Errorf("Append: %v; want ErrUnavailable", err)
	}
	if err := l.SaveValues(t.Context(), 1, nil, nil); err == nil {
		t.Error("SaveValues succeeds without a server")
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %v to say so", took)
	}
}

// A log that was deleted on the server is not followed into the next one.
func TestFollowEndsWithItsLog(t *testing.T) {
	s := outsideServer(t, t.TempDir())
	l := mustOpen(t, Options{URL: s.ClientURL()}, machine{})
	mustAppend(t, l, stock("A", "1"))
	read := make(chan struct{}, 10)
	following := make(chan error, 1)
	go func() {
		following <- l.Follow(t.Context(), 1, func([]topics.Event) error { read <- struct{}{}; return nil })
	}()
	<-read
	if err := l.js.DeleteStream(t.Context(), tapeStream); err != nil {
		t.Fatal(err)
	}
	other := mustOpen(t, Options{URL: s.ClientURL()}, machine{})
	mustAppend(t, other, stock("A", "other"))
	if err := <-following; !errors.Is(err, errReplaced) {
		t.Errorf("Follow: %v", err)
	}
}

// Two processes make the log at the same time: it is one log.
func TestTwoOpenTheSameLog(t *testing.T) {
	s := outsideServer(t, t.TempDir())
	logs := make(chan *Log, 4)
	for range cap(logs) {
		go func() {
			l, err := Open(context.Background(), Options{URL: s.ClientURL()})
			if err != nil {
				t.Error(err)
			}
			logs <- l
		}()
	}
	epoch := ""
	for range cap(logs) {
		l := <-logs
		if l == nil {
			continue
		}
		got := stateOf(t, l).Epoch
		if epoch == "" {
			epoch = got
		}
		if got != epoch {
			t.Errorf("epochs %s and %s", got, epoch)
		}
		mustClose(t, l)
	}
}

// A process that lags behind moves neither the place nor a value backwards, and
// brings no value back that another one has seen withdrawn.
func TestSlowProcessSavesValues(t *testing.T) {
	s := outsideServer(t, t.TempDir())
	fast := mustOpen(t, Options{URL: s.ClientURL()}, machine{})
	slow := mustOpen(t, Options{URL: s.ClientURL()}, machine{})
	mustAppend(t, fast, stock("A", "1"), stock("B", "1"), stock("C", "1"), stock("A", "2"),
		topics.Event{Topic: "stock", Key: "B", Op: topics.Retract}, stock("D", "1"))
	all := readAll(t, fast, 1)
	a1, b1, c1, a2, d1 := all[0], all[1], all[2], all[3], all[5]

	mustSave(t, fast, 5, []topics.Event{a2, c1}, []topics.Event{all[4]})
	mustSave(t, slow, 3, []topics.Event{a1, b1, c1}, nil)
	check := func(when string, wantUpto uint64, want ...topics.Event) {
		t.Helper()
		got, upto := valuesOf(t, slow)
		if upto != wantUpto || len(got) != len(want) {
			t.Errorf("%s: %d values up to %d; want %d up to %d", when, len(got), upto, len(want), wantUpto)
		}
		for _, w := range want {
			if got[w.Key].Seq != w.Seq {
				t.Errorf("%s: value of %s is of place %d; want %d", when, w.Key, got[w.Key].Seq, w.Seq)
			}
		}
	}
	check("after a slow one", 5, a2, c1)
	mustSave(t, slow, 6, []topics.Event{d1}, nil)
	check("after the slow one has caught up", 6, a2, c1, d1)
	mustSave(t, fast, 6, nil, []topics.Event{a1})
	check("a gone value takes what is there up to the place", 6, c1, d1)
}

// Processes that save at the same moment all succeed, and the newest stays.
func TestManyProcessesSaveValues(t *testing.T) {
	s := outsideServer(t, t.TempDir())
	const processes, rounds = 3, 10
	ended := make(chan error, processes)
	for range processes {
		l := mustOpen(t, Options{URL: s.ClientURL()}, machine{})
		go func() {
			for round := range uint64(rounds) {
				upto := (round + 1) * 10
				var list []topics.Event
				for i := range uint64(10) {
					list = append(list, topics.Event{Seq: upto - i, Topic: "stock", Key: fmt.Sprint(i), Data: []byte("1")})
				}
				if err := l.SaveValues(context.Background(), upto, list, nil); err != nil {
					ended <- err
					return
				}
			}
			ended <- nil
		}()
	}
	for range processes {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	got, upto := valuesOf(t, mustOpen(t, Options{URL: s.ClientURL()}, machine{}))
	if upto != rounds*10 || len(got) != 10 {
		t.Errorf("%d values up to %d", len(got), upto)
	}
	for key, e := range got {
		if i, _ := strconv.Atoi(key); e.Seq != uint64(rounds*10-i) {
			t.Errorf("value of %s is of place %d", key, e.Seq)
		}
	}
}

func FuzzHeader(f *testing.F) {
	f.Add("key", "idempotency", int64(0), uint64(1), false, "k=a")
	f.Add(" a.b %\r\n\x00", "%zz", int64(-5), ^uint64(0), true, "k=%f x=9 t= =")
	f.Fuzz(func(t *testing.T, key, idempotency string, expires int64, n uint64, text bool, line string) {
		want := topics.Event{
			Topic: "news", Key: key, Target: n, Text: text, Op: topics.Op(n % 2),
			Idempotency: topics.Idempotency{Key: idempotency, Hash: n, Count: int(n % 1000), Index: int(n % 7)},
		}
		if expires != 0 {
			want.Expires = time.Unix(0, expires).UTC()
		}
		var got, other topics.Event
		header := nats.Header{header: {string(appendFields(nil, &want))}}
		if err := decodeEvent(&got, tapePrefix+"news", header, nil); err != nil {
			t.Fatal(err)
		}
		if !got.Expires.Equal(want.Expires) || got.Key != want.Key || got.Idempotency != want.Idempotency ||
			got.Target != want.Target || got.Text != want.Text || got.Op != want.Op {
			t.Errorf("got %+v; want %+v", got, want)
		}
		for _, c := range []byte(header["Tape"][0]) {
			if c < ' ' || c >= 0x7f {
				t.Errorf("byte %#x in the line of a header", c)
			}
		}
		_ = decodeEvent(&other, tapePrefix+"news", nats.Header{"Tape": {line}}, nil) // must not panic
	})
}

// An answer that does not come keeps no caller beyond its context.
func TestAppendEndsWithItsContext(t *testing.T) {
	l := mustOpen(t, Options{Dir: t.TempDir()}, machine{})
	taken, err := l.link.nc.SubscribeSync("silent")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.link.nc.Flush(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	stored := make(chan error, 1)
	go func() {
		_, err := l.storeOne(ctx, &nats.Msg{Subject: "silent"})
		stored <- err
	}()
	if _, err := taken.NextMsg(10 * time.Second); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-stored; !errors.Is(err, topics.ErrUnknownOutcome) || !errors.Is(err, context.Canceled) {
		t.Errorf("a message without an answer: %v; want ErrUnknownOutcome and context.Canceled", err)
	}
	if n := len(l.link.waiting); n != 0 {
		t.Errorf("%d requests are still remembered", n)
	}
}

// A log without its stream has stored nothing, and says so.
func TestStreamGone(t *testing.T) {
	s := outsideServer(t, t.TempDir())
	l := mustOpen(t, Options{URL: s.ClientURL()}, machine{})
	if err := l.js.DeleteStream(t.Context(), tapeStream); err != nil {
		t.Fatal(err)
	}
	for _, list := range [][]topics.Event{{stock("A", "1")}, {stock("A", "1"), stock("B", "1")}} {
		if _, err := l.Append(t.Context(), list); !errors.Is(err, topics.ErrUnavailable) || errors.Is(err, topics.ErrUnknownOutcome) {
			t.Errorf("Append of %d without a stream: %v; want ErrUnavailable", len(list), err)
		}
	}
	if _, err := l.State(t.Context()); !errors.Is(err, topics.ErrUnavailable) {
		t.Errorf("State without a stream: %v; want ErrUnavailable", err)
	}
}
