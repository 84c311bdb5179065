package natslog

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tickertape/topics"
)

func mustAppend(t testing.TB, l *Log, list ...topics.Event) uint64 {
	t.Helper()
	first, err := l.Append(t.Context(), list)
	if err != nil {
		t.Fatal(err)
	}
	return first
}

func stock(key, data string) topics.Event {
	return topics.Event{Topic: "stock", Key: key, Data: []byte(data)}
}

// readAll returns the events from place from to the end.
func readAll(t testing.TB, l *Log, from uint64) (got []topics.Event) {
	t.Helper()
	last := stateOf(t, l).Last
	if last < from {
		return nil
	}
	enough := errors.New("enough")
	err := l.Follow(t.Context(), from, func(list []topics.Event) error {
		if got = append(got, list...); got[len(got)-1].Seq >= last {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) {
		t.Fatal(err)
	}
	return got
}

func valuesOf(t testing.TB, l *Log) (map[string]topics.Event, uint64) {
	t.Helper()
	got := make(map[string]topics.Event)
	upto, err := l.Values(t.Context(), func(e topics.Event) error { got[e.Key] = e; return nil })
	if err != nil {
		t.Fatal(err)
	}
	return got, upto
}

func mustSave(t testing.TB, l *Log, upto uint64, changed, gone []topics.Event) {
	t.Helper()
	if err := l.SaveValues(t.Context(), upto, changed, gone); err != nil {
		t.Fatal(err)
	}
}

// crash ends the log as a process does that is killed.
func crash(l *Log) {
	l.once.Do(func() {
		l.shut()
		_ = l.folder.abandon()
	})
}

func TestOptions(t *testing.T) {
	for _, tt := range []struct {
		name string
		opts Options
		want string // in the error, or "" for none
	}{
		{"zero", Options{}, ""},
		{"for ever", Options{MaxAge: -1, MaxBytes: -1}, ""},
		{"sync too often", Options{Sync: Sync(time.Millisecond)}, "sync 1ms"},
		{"sync too rarely", Options{Sync: Sync(2 * time.Hour)}, "sync 2h"},
		{"young", Options{MaxAge: time.Millisecond}, "at least 1s"},
		{"small", Options{MaxBytes: 1000}, "at least 1 MiB"},
		{"replicas", Options{Replicas: 9}, "1 to 5"},
	} {
		_, err := tt.opts.complete()
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v; want %q", tt.name, err, tt.want)
		}
	}
}

func TestSyncText(t *testing.T) {
	for _, tt := range []struct {
		text string
		want Sync
		ok   bool
	}{
		{"always", Always, true},
		{"10s", Sync(10 * time.Second), true},
		{"0s", 0, false},
		{"1ms", 0, false},
		{"-1s", 0, false},
		{"", 0, false},
		{"never", 0, false},
	} {
		var got Sync
		if err := got.UnmarshalText([]byte(tt.text)); (err == nil) != tt.ok || got != tt.want {
			t.Errorf("%q: %v, %v; want %v", tt.text, got, err, tt.want)
		} else if tt.ok && got.String() != tt.text {
			t.Errorf("%q is printed as %s", tt.text, got)
		}
	}
}

func TestSecondOpenerIsRefused(t *testing.T) {
	dir := t.TempDir()
	l := mustOpen(t, Options{Dir: dir}, machine{})
	_, err := Open(t.Context(), Options{Dir: dir})
	if want := "data folder " + dir + " is in use by another tickertape"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Open: %v; want %q in it", err, want)
	}
	mustAppend(t, l, stock("A", "1")) // the first is not disturbed
	mustClose(t, l)
	mustClose(t, mustOpen(t, Options{Dir: dir}, machine{}))
}

func TestCloseEndsCalls(t *testing.T) {
	l := mustOpen(t, Options{Dir: t.TempDir()}, machine{})
	following := make(chan error, 1)
	started := make(chan struct{}, 1)
	go func() {
		following <- l.Follow(context.Background(), 1, func([]topics.Event) error {
			started <- struct{}{}
			return nil
		})
	}()
	mustAppend(t, l, stock("A", "1"))
	<-started
	mustClose(t, l)
	mustClose(t, l)
	if err := <-following; !errors.Is(err, ErrClosed) {
		t.Errorf("Follow: %v; want ErrClosed", err)
	}
	_, err := l.Append(t.Context(), []topics.Event{stock("A", "1")})
	if !errors.Is(err, ErrClosed) || !errors.Is(err, topics.ErrUnavailable) {
		t.Errorf("Append: %v; want ErrClosed", err)
	}
	if _, err := l.State(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("State: %v; want ErrClosed", err)
	}
	if _, err := l.Values(t.Context(), nil); !errors.Is(err, ErrClosed) {
		t.Errorf("Values: %v; want ErrClosed", err)
	}
	if err := l.SaveValues(t.Context(), 1, nil, nil); !errors.Is(err, ErrClosed) {
		t.Errorf("SaveValues: %v; want ErrClosed", err)
	}
}

// Places that a power cut took from the log are given out again: the epoch says so.
func TestEpochAfterPowerCut(t *testing.T) {
	const loose = Sync(time.Minute)
	for _, tt := range []struct {
		name          string
		sync          Sync
		clean         bool
		before, after string // boot ids
		kept          bool
	}{
		{"killed", loose, false, "a", "a", true},
		{"closed, then power cut", loose, true, "a", "b", true},
		{"power cut", loose, false, "a", "b", false},
		{"killed or not, nobody knows", loose, false, "", "", false},
		{"power cut, synced always", Always, false, "a", "b", true},
		{"unknown, synced always", Always, false, "", "", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opts := Options{Dir: t.TempDir(), Sync: tt.sync}
			l := mustOpen(t, opts, machine{boot: tt.before})
			before := stateOf(t, l).Epoch
			mustAppend(t, l, stock("A", "1"))
			if tt.clean {
				mustClose(t, l)
			} else {
				crash(l)
			}
			l = mustOpen(t, opts, machine{boot: tt.after})
			after := stateOf(t, l)
			if (after.Epoch == before) != tt.kept {
				t.Errorf("epoch %s, then %s; kept should be %v", before, after.Epoch, tt.kept)
			}
			if after.Last != 1 || len(readAll(t, l, 1)) != 1 {
				t.Errorf("the event that was stored is gone: %+v", after)
			}
			mustClose(t, l)
			if again := stateOf(t, mustOpen(t, opts, machine{boot: "c"})).Epoch; again != after.Epoch {
				t.Errorf("epoch %s is %s after a clean end", after.Epoch, again)
			}
		})
	}
}

// The note of the last run is written before the first event; damaged, it is as
// bad as a power cut.
func TestDamagedNoteOfLastRun(t *testing.T) {
	opts := Options{Dir: t.TempDir(), Sync: Sync(time.Minute)}
	l := mustOpen(t, opts, machine{boot: "a"})
	before := stateOf(t, l).Epoch
	mustClose(t, l)
	if err := os.WriteFile(filepath.Join(opts.Dir, "run.json"), []byte(`{"boot`), 0o600); err != nil {
		t.Fatal(err)
	}
	if after := stateOf(t, mustOpen(t, opts, machine{boot: "a"})).Epoch; after == before {
		t.Errorf("epoch %s was kept", after)
	}
}

// A power cut may take events from the tape and leave the values that they set.
func TestValuesThatOutliveTheirEvents(t *testing.T) {
	opts := Options{Dir: t.TempDir(), Sync: Sync(time.Minute)}
	l := mustOpen(t, opts, machine{boot: "a"})
	for range 5 {
		mustAppend(t, l, stock("A", "old"))
	}
	mustClose(t, l)
	tape := filepath.Join(opts.Dir, "jetstream", "$G", "streams", tapeStream)
	kept := filepath.Join(t.TempDir(), "kept")
	if err := os.CopyFS(kept, os.DirFS(tape)); err != nil {
		t.Fatal(err)
	}
	l = mustOpen(t, opts, machine{boot: "a"})
	mustAppend(t, l, stock("A", "new"), stock("B", "new"), topics.Event{Topic: "chat", Data: []byte("new")})
	all := readAll(t, l, 1)
	mustSave(t, l, 8, all[5:], nil)
	crash(l)
	if err := errors.Join(os.RemoveAll(tape), os.CopyFS(tape, os.DirFS(kept))); err != nil {
		t.Fatal(err)
	}

	l = mustOpen(t, opts, machine{boot: "b"})
	values, upto := valuesOf(t, l)
	for _, e := range values {
		if e.Seq > upto {
			t.Errorf("value %+v is of an event that is no more", e)
		}
	}
	if upto != 5 {
		t.Errorf("the checkpoint is up to %d; the tape was left at 5", upto)
	}
	got := readAll(t, l, upto+1)
	if len(got) != 3 || got[0].Key != "A" || got[1].Key != "B" || got[2].Topic != "chat" || string(got[0].Data) != "new" {
		t.Errorf("the values must be on the tape again, in order: %+v", got)
	}
}

// With a loose sync, a checkpoint that a power cut may still take does not let
// retention remove events.
func TestRetentionWaitsForTheDisk(t *testing.T) {
	var c clock
	opts := Options{Dir: t.TempDir(), Sync: Sync(time.Minute), MaxAge: time.Hour}
	l := mustOpen(t, opts, machine{now: c.now})
	for range 10 {
		mustAppend(t, l, stock("A", "1"))
	}
	mustSave(t, l, 4, nil, nil)
	c.advance(2 * time.Hour)
	mustSave(t, l, 9, nil, nil)
	if first := stateOf(t, l).First; first != 5 {
		t.Errorf("the log begins at %d; the checkpoint that is surely on the disk is at 4", first)
	}
	c.advance(3 * time.Minute)
	mustSave(t, l, 9, nil, nil)
	if first := stateOf(t, l).First; first != 10 {
		t.Errorf("the log begins at %d; the checkpoint on the disk is at 9", first)
	}
}

func TestMaxBytesBoundsTheTape(t *testing.T) {
	opts := Options{Dir: t.TempDir(), Sync: Sync(time.Minute), MaxBytes: 1 << 20}
	l := mustOpen(t, opts, machine{})
	const count = 60
	for range count {
		mustAppend(t, l, stock("A", strings.Repeat("x", 64<<10)))
	}
	s := stateOf(t, l)
	if s.Bytes > uint64(opts.MaxBytes) || s.Last != count || s.First < count-16 {
		t.Errorf("state %+v; want at most %d bytes", s, opts.MaxBytes)
	}
	if got := readAll(t, l, 1); got[0].Seq != s.First {
		t.Errorf("Follow from the beginning begins at %d; the log does at %d", got[0].Seq, s.First)
	}
	var list []topics.Event
	for range 10 {
		list = append(list, stock("A", strings.Repeat("x", 64<<10)))
	}
	if _, err := l.Append(t.Context(), list); !errors.Is(err, topics.ErrTooLarge) {
		t.Errorf("a unit of more than half the bound: %v; want ErrTooLarge", err)
	}
	mustClose(t, l)
	opts.MaxBytes = 2 << 20
	l = mustOpen(t, opts, machine{})
	mustAppend(t, l, list...)
	if s := stateOf(t, l); s.Bytes < 1<<20 {
		t.Errorf("state %+v; a larger bound must hold from the next start on", s)
	}
}

// A damaged file can take the end of a log that was synced always. What was known to be
// stored gives it away: the places that are given out again belong to a new epoch, and
// the last values are still there.
func TestDamagedTape(t *testing.T) {
	opts := Options{Dir: t.TempDir()}
	l := mustOpen(t, opts, machine{boot: "a"})
	before := stateOf(t, l).Epoch
	for range 20 {
		mustAppend(t, l, stock("A", "first"))
	}
	mustAppend(t, l, stock("B", "last"))
	all := readAll(t, l, 1)
	mustSave(t, l, 21, all[19:], nil)
	crash(l)
	blocks, err := filepath.Glob(filepath.Join(opts.Dir, "jetstream", "$G", "streams", tapeStream, "msgs", "*.blk"))
	if err != nil || len(blocks) != 1 {
		t.Fatal(blocks, err)
	}
	info, err := os.Stat(blocks[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(blocks[0], info.Size()-info.Size()/3); err != nil {
		t.Fatal(err)
	}
	l = mustOpen(t, opts, machine{boot: "a"})
	state := stateOf(t, l)
	if state.Epoch == before {
		t.Errorf("epoch %s was kept although the log ends at %d of 21", before, state.Last)
	}
	found := map[string]string{}
	for _, e := range readAll(t, l, 1) {
		found[e.Key] = string(e.Data)
	}
	if found["B"] == "" {
		t.Errorf("the last value of B is gone: %v", found)
	}
}
