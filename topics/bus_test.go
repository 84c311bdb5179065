package topics

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestRunEndsWithACheckpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newMemLog()
		r := start(t, log, Options{})
		rd := r.subscribe(Request{Filter: r.filter("stock"), Every: time.Hour})
		r.put("stock", `{"symbol":"A"}`)
		r.put("stock", `{"symbol":"A"}`)
		if err := r.stop(); err != nil {
			t.Errorf("Run = %v", err)
		}
		if saved, upto, saves := log.saved(); upto != 2 || len(saved) != 1 || saves != 1 {
			t.Errorf("%d values up to %d in %d checkpoints", len(saved), upto, saves)
		}
		rd.Close()
	})
}

func TestRunFailsWithItsLog(t *testing.T) {
	broken := errors.New("disk on fire")
	synctest.Test(t, func(t *testing.T) {
		log := newMemLog()
		r := start(t, log, Options{})
		log.set(func(l *memLog) { l.broken = broken })
		synctest.Wait()
		if err := r.stop(); err != nil && !errors.Is(err, broken) {
			t.Errorf("Run = %v", err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		log := newMemLog()
		log.broken = broken
		bus := NewBus(Options{Catalogue: testTopics(t), Log: log, Wire: lineWire{}})
		if err := bus.Run(t.Context()); !errors.Is(err, broken) {
			t.Errorf("Run = %v, want the log's error", err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		log := newMemLog()
		log.mute = true
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		bus := NewBus(Options{Catalogue: testTopics(t), Log: log, Wire: lineWire{}})
		if err := bus.Run(ctx); err != nil {
			t.Errorf("Run that was ended before it began = %v", err)
		}
	})
}

// A checkpoint is also taken ahead of time, before much is unsaved.
func TestCheckpointAfterManyBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newMemLog()
		r := start(t, log, Options{Checkpoint: time.Hour})
		data := fmt.Sprintf(`{"symbol":"A","pad":%q}`, strings.Repeat("x", 200_000))
		for range 30 {
			r.put("stock", data)
		}
		synctest.Wait()
		if _, _, saves := log.saved(); saves != 1 {
			t.Errorf("%d checkpoints after 12 MB on the tape, want 1", saves)
		}
	})
}

func TestTapeIsFilledBeforeReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newMemLog()
		r := start(t, log, Options{})
		for range 100 {
			r.put("chat", `1`)
		}
		_ = r.stop()
		log.set(func(l *memLog) { l.held = true })
		r = launch(t, log, Options{Events: 64, Checkpoint: time.Second})
		synctest.Wait()
		select {
		case <-r.Ready():
			t.Error("ready with an empty tape")
		default:
		}
		time.Sleep(time.Minute)
		if _, upto, _ := log.saved(); upto != 100 {
			t.Errorf("while the tape is filled the checkpoint went to %d", upto)
		}
		log.set(func(l *memLog) { l.held = false })
		<-r.Ready()
		rd := r.subscribe(Request{Filter: r.filter("chat"), After: "mem-36"})
		if lines := rd.drain(); len(lines) != 66 || lines[1].Seq != 37 || lines[64].Seq != 100 {
			t.Errorf("resume at the oldest place: %s", brief(lines))
		}
		rd.Close()
		rd = r.subscribe(Request{Filter: r.filter("chat"), After: "mem-35"})
		want(t, "resume before it", rd.drain(), "open:reset:expired *98 *99 *100 live:100")
		rd.Close()
	})
}

// More of the log than the tape holds is read when the checkpoint is old.
func TestOldCheckpointIsCaughtUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newMemLog()
		r := start(t, log, Options{Events: 16})
		r.put("stock", `{"symbol":"A"}`)
		log.set(func(l *memLog) { l.unsaved = ErrUnavailable })
		r.put("stock", `{"symbol":"B"}`)
		for range 50 {
			r.put("chat", `1`)
		}
		_ = r.stop()
		log.set(func(l *memLog) { l.unsaved = nil })
		r = start(t, log, Options{Events: 16})
		if got := r.snapshot("stock"); got != "1 2 " {
			t.Errorf("snapshot %s, want 1 2", got)
		}
		if u := r.Usage(); u.Events != 16 {
			t.Errorf("%d events on the tape", u.Events)
		}
	})
}

// Events of topics that are no longer configured keep their places and nothing else.
func TestUnconfiguredTopicsArePassedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newMemLog()
		r := start(t, log, Options{})
		r.put("chat", `1`)
		r.put("news", `{}`)
		r.put("chat", `1`)
		_ = r.stop()
		c, err := NewCatalogue(Topic{Name: "news"})
		if err != nil {
			t.Fatal(err)
		}
		r = start(t, log, Options{Catalogue: c})
		rd := r.subscribe(Request{Filter: r.filter("*"), After: "mem-0"})
		want(t, "resumed", rd.drain(), "open:resumed 2 live:3")
		rd.Close()
		if got := r.snapshot("news"); got != "2 " {
			t.Errorf("snapshot %s", got)
		}
	})
}

func TestAwait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newMemLog()
		r := start(t, log, Options{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := r.Await(ctx, 1); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Await = %v", err)
		}
		if len(r.waiters) != 0 {
			t.Errorf("%d waiters are left", len(r.waiters))
		}
		reached := make(chan error)
		go func() { reached <- r.Await(t.Context(), 2) }()
		r.put("chat", `1`)
		synctest.Wait()
		select {
		case <-reached:
			t.Error("Await returned before its place")
		default:
		}
		r.put("chat", `1`)
		if err := <-reached; err != nil {
			t.Errorf("Await = %v", err)
		}
		if err := r.Await(ctx, 2); err != nil {
			t.Errorf("Await of a place of the past = %v", err)
		}
	})
}

func TestStats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newMemLog()
		r := start(t, log, Options{})
		for range 100 {
			r.put("stock", `{"symbol":"A"}`)
			time.Sleep(100 * time.Millisecond)
		}
		for range 2000 {
			r.put("stock", `{"symbol":"B"}`)
			time.Sleep(100 * time.Millisecond)
		}
		s := r.Stats()["stock"]
		if s.Events != 2100 || s.Values != 2 || s.Rate < 9.5 || s.Rate > 10.5 || time.Since(s.Last) != 100*time.Millisecond {
			t.Errorf("stats %+v", s)
		}
		time.Sleep(10 * time.Minute)
		if rate := r.Stats()["stock"].Rate; rate > 0.001 {
			t.Errorf("rate %v after silence", rate)
		}
		if s := r.Stats()["news"]; s != (TopicStats{}) {
			t.Errorf("stats of a silent topic: %+v", s)
		}
		_ = r.stop()
		r = start(t, log, Options{})
		if s := r.Stats()["stock"]; s.Rate > 0.001 || s.Events != 2100 {
			t.Errorf("after a restart: %+v", s)
		}
	})
}
