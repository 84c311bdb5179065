package fanout

import "time"

// A departure is a drain that is under way: the connections are let go one after the
// other, so that they do not all come back in the same moment.
type departure struct {
	conns  []*conn // still to be let go
	total  int
	began  time.Time
	spread time.Duration
	over   bool
}

const (
	// departEvery is the time between two steps of a departure.
	departEvery = 5 * time.Millisecond
	// minGrace is the least time that connections whose sockets are full have to take
	// their farewell.
	minGrace = 100 * time.Millisecond
)

func newDeparture(conns []*conn, open int, spread time.Duration) *departure {
	d := &departure{conns: make([]*conn, 0, open), began: time.Now(), spread: spread}
	for _, c := range conns {
		if c != nil {
			d.conns = append(d.conns, c)
		}
	}
	d.total = len(d.conns)
	return d
}

// due returns how many connections should be gone by now.
func (d *departure) due(now time.Time) int {
	passed := now.Sub(d.began)
	if passed >= d.spread {
		return d.total
	}
	return 1 + int(float64(d.total)*float64(passed)/float64(d.spread))
}

// depart lets connections go as a drain's plan says. It returns how long the loop may
// wait, at most most.
func (s *shard) depart(now time.Time, most time.Duration) time.Duration {
	d := s.leaving
	if d == nil || d.over {
		return most
	}
	for gone := d.total - len(d.conns); gone < d.due(now) && len(d.conns) > 0; gone++ {
		c := d.conns[len(d.conns)-1]
		d.conns = d.conns[:len(d.conns)-1]
		if s.conns[c.fd] == c && !(c.alone != nil && c.alone.leaving) {
			s.farewell(c, Drain)
		}
	}
	if s.open == 0 || now.Sub(d.began) > d.spread+max(d.spread/4, minGrace) {
		for _, c := range s.conns {
			if c != nil { // it takes nothing
				s.drop(c)
			}
		}
		d.over = true
		close(s.drained)
		return most
	}
	return departEvery
}
