package natslog

import (
	"context"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"tickertape/topics"
	"tickertape/topics/logtest"
)

// A clock is the time of day, moved on by a test.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

func mustOpen(t testing.TB, opts Options, on machine) *Log {
	t.Helper()
	if on.now == nil {
		on.now = time.Now
	}
	l, err := open(t.Context(), opts, on)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func mustClose(t testing.TB, l *Log) {
	t.Helper()
	if err := l.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

func stateOf(t testing.TB, l *Log) topics.LogState {
	t.Helper()
	s, err := l.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// place is where logs of these options are stored, for the suite.
func place(opts Options, wipe func(t *testing.T)) logtest.Place {
	var c clock
	return logtest.Place{
		Open: func(t *testing.T) (topics.Log, func()) {
			l := mustOpen(t, opts, machine{boot: "one", now: c.now})
			return l, func() { mustClose(t, l) }
		},
		Wipe: wipe,
		Age: func(*testing.T) {
			// Far enough for a checkpoint to be on the disk, and for the events to be too old.
			c.advance(opts.MaxAge + 2*time.Duration(opts.Sync) + time.Minute)
		},
	}
}

func TestContractEmbedded(t *testing.T) {
	for _, sync := range []Sync{Always, Sync(time.Minute)} {
		t.Run(sync.String(), func(t *testing.T) {
			logtest.Run(t, func(t *testing.T) logtest.Place {
				dir := filepath.Join(t.TempDir(), "data")
				return place(Options{Dir: dir, Sync: sync, MaxAge: time.Hour}, func(t *testing.T) {
					if err := os.RemoveAll(dir); err != nil {
						t.Fatal(err)
					}
				})
			})
		})
	}
}

func TestContractOutside(t *testing.T) {
	logtest.Run(t, func(t *testing.T) logtest.Place {
		opts := Options{URL: outsideServer(t, t.TempDir()).ClientURL(), MaxAge: time.Hour}
		return place(opts, func(t *testing.T) {
			l := mustOpen(t, opts, machine{})
			for _, name := range []string{tapeStream, valueStream} {
				if err := l.js.DeleteStream(context.Background(), name); err != nil {
					t.Fatal(err)
				}
			}
			mustClose(t, l)
		})
	})
}

// outsideServer starts a server that listens on a port of its own on the loopback.
func outsideServer(t testing.TB, dir string) *server.Server {
	t.Helper()
	s, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true,
		JetStream: true, StoreDir: dir, NoSystemAccount: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the outside server does not start")
	}
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	return s
}
