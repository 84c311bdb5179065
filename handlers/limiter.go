package handlers

import (
	"container/list"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxLimited is how many addresses a limiter remembers. Beyond it, the one that was
// not seen for the longest time is forgotten.
const maxLimited = 10000

// A limiter limits the rate of each address. IPv6 counts by /64: one customer has
// that many addresses.
type limiter struct {
	rate  rate.Limit
	burst int

	mu     sync.Mutex // guards the fields below
	byAddr map[netip.Prefix]*list.Element
	order  *list.List // of *limited, seen last at the back
}

type limited struct {
	address netip.Prefix
	bucket  *rate.Limiter
}

func newLimiter(r rate.Limit, burst int) *limiter {
	return &limiter{rate: r, burst: burst, byAddr: map[netip.Prefix]*list.Element{}, order: list.New()}
}

// wait takes n, at most the burst, from the address' allowance and returns 0, or takes
// nothing and returns how long until there are so many.
func (l *limiter) wait(address string, n int, now time.Time) time.Duration {
	a, _ := netip.ParseAddr(address) // what is none counts as one address
	bucket := l.bucket(prefixOf(a))
	r := bucket.ReserveN(now, n)
	wait := r.DelayFrom(now)
	if wait > 0 {
		r.CancelAt(now)
	}
	return wait
}

func (l *limiter) bucket(address netip.Prefix) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if el := l.byAddr[address]; el != nil {
		l.order.MoveToBack(el)
		return el.Value.(*limited).bucket
	}
	b := &limited{address: address, bucket: rate.NewLimiter(l.rate, l.burst)}
	l.byAddr[address] = l.order.PushBack(b)
	if l.order.Len() > maxLimited {
		oldest := l.order.Remove(l.order.Front()).(*limited)
		delete(l.byAddr, oldest.address)
	}
	return b.bucket
}

// prefixOf returns the network that counts as one address; the zero prefix for the
// zero address.
func prefixOf(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits) // fails for the zero address only
	return p
}
