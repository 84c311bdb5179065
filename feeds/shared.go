package feeds

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	maxShared  = 8 << 20 // bytes of answers kept for other feeds
	maxOwners  = 4096    // addresses of which is known who asks for them
	manyOwners = "\x00"  // more than one feed does
)

// shared lets feeds that ask the same thing ask once: at the same moment, or a little
// later for as long as the feed that is later would not ask twice itself. The zero
// value is ready for use.
type shared struct {
	mu      sync.Mutex // guards the fields below; never held across I/O
	flights map[[32]byte]*flight
	owners  map[[32]byte]string // the feed that asks for an address, or manyOwners
	kept    map[[32]byte]*answer
	bytes   int // of kept
}

// A flight is a request under way.
type flight struct {
	cancel  context.CancelFunc
	waiters int           // guarded by shared.mu
	done    chan struct{} // closed when the fields below are set
	answer  *answer
	err     error
}

// asking says who asks what.
type asking struct {
	req    *http.Request
	feed   string
	after  time.Time     // when the feed asked last: an older answer is none for it
	within time.Duration // how old an answer may be
}

// key is the same for requests that get the same answer.
func (a asking) key() [32]byte {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n", a.req.URL)
	_ = a.req.Header.Write(h) // sorted; a hash takes everything
	return [32]byte(h.Sum(nil))
}

// get returns the answer that fetch gets, or somebody else's to the same request.
// Fetch runs on a goroutine that ends when nobody waits for it any more; the last one
// who did awaits it. Its context has the values of the first one's.
func (s *shared) get(ctx context.Context, a asking, fetch func(context.Context) (*answer, error)) (*answer, error) {
	key := a.key()
	s.mu.Lock()
	s.noteOwnerLocked(a)
	if k := s.kept[key]; k != nil && k.at.After(a.after) && time.Since(k.at) < a.within {
		s.mu.Unlock()
		return k, nil
	}
	f := s.flights[key]
	if f == nil {
		own, cancel := context.WithCancel(context.WithoutCancel(ctx))
		f = &flight{cancel: cancel, done: make(chan struct{})}
		if s.flights == nil {
			s.flights = make(map[[32]byte]*flight)
		}
		s.flights[key] = f
		go func() { // see above
			defer cancel()
			f.answer, f.err = fetch(own)
			s.land(key, f, a)
		}()
	}
	f.waiters++
	s.mu.Unlock()
	select {
	case <-f.done:
	case <-ctx.Done():
	}
	s.mu.Lock()
	f.waiters--
	last := f.waiters == 0
	if last && s.flights[key] == f {
		delete(s.flights, key)
	}
	s.mu.Unlock()
	if last {
		f.cancel()
		<-f.done
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return f.answer, f.err
}

// land ends a flight, and keeps its answer where another feed asks for it as well.
func (s *shared) land(key [32]byte, f *flight, a asking) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flights[key] == f {
		delete(s.flights, key)
	}
	close(f.done)
	if f.err != nil || s.owners[addressKey(a.req)] != manyOwners {
		return
	}
	if old := s.kept[key]; old != nil {
		s.bytes -= len(old.body)
	}
	if s.kept == nil {
		s.kept = make(map[[32]byte]*answer)
	}
	s.kept[key] = f.answer
	s.bytes += len(f.answer.body)
	for s.bytes > maxShared || len(s.kept) > maxVisits {
		oldest := slices.MinFunc(slices.Collect(maps.Keys(s.kept)), func(a, b [32]byte) int {
			return s.kept[a].at.Compare(s.kept[b].at)
		})
		s.bytes -= len(s.kept[oldest].body)
		delete(s.kept, oldest)
	}
}

func addressKey(req *http.Request) [32]byte { return sha256.Sum256([]byte(req.URL.String())) }

// noteOwnerLocked finds out which addresses several feeds ask for.
func (s *shared) noteOwnerLocked(a asking) {
	key := addressKey(a.req)
	switch owner := s.owners[key]; {
	case owner == "" && len(s.owners) < maxOwners:
		if s.owners == nil {
			s.owners = make(map[[32]byte]string)
		}
		s.owners[key] = a.feed
	case owner != "" && owner != a.feed:
		s.owners[key] = manyOwners
	}
}
