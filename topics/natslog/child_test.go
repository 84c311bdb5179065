package natslog

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"tickertape/topics"
)

const childSyncEnv = "NATSLOG_TEST_CHILD_SYNC"

// runChild appends to the log in the data folder that childEnv names, and prints
// the place of each acknowledged event. It never ends by itself.
func runChild() {
	var sync Sync
	if err := sync.UnmarshalText([]byte(os.Getenv(childSyncEnv))); err != nil {
		panic(err)
	}
	l, err := Open(context.Background(), Options{Dir: os.Getenv(childEnv), Sync: sync})
	if err != nil {
		panic(err)
	}
	acked := make(chan string) // never closed
	for w := range 6 {
		go func() {
			for n := 0; ; n++ {
				list := make([]topics.Event, 1+n%2*w) // lone events and batches
				for i := range list {
					list[i] = topics.Event{Topic: "stock", Key: strconv.Itoa(w), Data: fmt.Appendf(nil, "[%d,%d,%d]", w, n, i)}
				}
				first, err := l.Append(context.Background(), list)
				if err != nil {
					panic(err)
				}
				for i := range list {
					acked <- fmt.Sprintf("%d %s", first+uint64(i), list[i].Data)
				}
			}
		}()
	}
	for line := range acked {
		fmt.Println(line)
	}
}

// killChild runs the child on dir until it has printed so many lines, kills it, and
// returns all that it has printed.
func killChild(t *testing.T, dir string, sync Sync, lines int) map[uint64]string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	child := exec.CommandContext(ctx, os.Args[0])
	child.Env = append(os.Environ(), childEnv+"="+dir, childSyncEnv+"="+sync.String())
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	acked := make(map[uint64]string)
	read := bufio.NewReader(out)
	for {
		line, err := read.ReadString('\n')
		if err != nil {
			if !errors.Is(err, io.EOF) || len(acked) < lines {
				t.Errorf("read child after %d lines: %v", len(acked), err)
			}
			break
		}
		place, data, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		seq, err := strconv.ParseUint(place, 10, 64)
		if err != nil || acked[seq] != "" {
			t.Errorf("child printed %q (place given before: %q)", line, acked[seq])
		}
		acked[seq] = data
		if len(acked) == lines {
			_ = child.Process.Kill()
		}
	}
	_ = child.Wait()
	return acked
}

func TestKilledProcessLosesNothingAcknowledged(t *testing.T) {
	for _, sync := range []Sync{Always, Sync(time.Minute)} {
		t.Run(sync.String(), func(t *testing.T) {
			dir := t.TempDir()
			l := mustOpen(t, Options{Dir: dir, Sync: sync}, machine{boot: bootID()})
			before := stateOf(t, l)
			mustClose(t, l)
			acked := make(map[uint64]string)
			for round := range 3 {
				for seq, data := range killChild(t, dir, sync, 150+50*round) {
					if acked[seq] != "" {
						t.Errorf("place %d was given out twice", seq)
					}
					acked[seq] = data
				}
			}
			l = mustOpen(t, Options{Dir: dir, Sync: sync}, machine{boot: bootID()})
			state := stateOf(t, l)
			if state.Epoch != before.Epoch {
				t.Errorf("the epoch is %s after kills; was %s", state.Epoch, before.Epoch)
			}
			next := uint64(1)
			parts := make(map[string]int) // events of each unit that are there
			err := l.Follow(t.Context(), 1, func(list []topics.Event) error {
				for _, e := range list {
					if e.Seq != next {
						t.Errorf("place %d follows %d", e.Seq, next-1)
					}
					if want := acked[e.Seq]; want != "" && want != string(e.Data) {
						t.Errorf("place %d has %s; %s was acknowledged there", e.Seq, e.Data, want)
					}
					delete(acked, e.Seq)
					next = e.Seq + 1
					parts[string(e.Data[:strings.LastIndexByte(string(e.Data), ',')])]++
				}
				if next > state.Last {
					return io.EOF
				}
				return nil
			})
			if !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			mustClose(t, l)
			if len(acked) > 0 {
				t.Errorf("%d acknowledged events are lost", len(acked))
			}
			for unit, count := range parts {
				var w, n int
				if _, err := fmt.Sscanf(unit, "[%d,%d", &w, &n); err != nil {
					t.Fatal(err)
				}
				if whole := 1 + n%2*w; count%whole != 0 {
					t.Errorf("unit %s] was stored in part: %d events of %d", unit, count, whole)
				}
			}
		})
	}
}
