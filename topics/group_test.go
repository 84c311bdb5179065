package topics

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// A socket is a reader behind a connection that takes as many bytes as it likes.
type socket struct {
	judge
	own  *Subscription // nil while it is one of the group
	rest []byte        // of a frame, to go out first
	line []byte        // came, but its end has not
}

// receive judges the lines that are complete with these bytes.
func (s *socket) receive(r *rig, b []byte, late bool) {
	s.line = append(s.line, b...)
	end := bytes.LastIndexByte(s.line, '\n') + 1
	log := r.log.all()
	s.take(parseLines(s.t, s.line[:end]), log, late, uint64(len(log)))
	s.line = s.line[end:]
}

// A group is what a server does for the readers of one cohort: those who are level
// share a leader, the others have a position of their own until they are level too.
type group struct {
	*rig
	random  *rand.Rand
	request Request
	leader  *Subscription
	level   []*socket
	apart   []*socket
	forks   int
	joins   int
}

func (g *group) connect(s *socket, after string) {
	q := g.request
	q.After = after
	s.own = g.Subscribe(q)
	g.apart = append(g.apart, s)
}

// lead gives the next bytes to all who are level, and forks those who take only a part.
func (g *group) lead() {
	if g.leader == nil {
		return
	}
	bytes := g.leader.Next(false)
	if bytes == nil {
		return
	}
	g.level = slices.DeleteFunc(g.level, func(s *socket) bool {
		n := len(bytes)
		if g.random.IntN(6) == 0 {
			n = g.random.IntN(len(bytes))
		}
		s.receive(g.rig, bytes[:n], false)
		if n == len(bytes) {
			return false
		}
		s.own, s.rest = g.leader.Fork(n)
		g.apart = append(g.apart, s)
		g.forks++
		return true
	})
	g.settle()
}

// settle counts the readers at the leader; without any it goes.
func (g *group) settle() {
	if g.leader == nil {
		return
	}
	if len(g.level) > 0 {
		g.leader.Stand(len(g.level))
		return
	}
	g.leader.Close()
	g.leader = nil
}

// catchUp lets a socket that is apart take some bytes, and join if it is level then.
func (g *group) catchUp(s *socket) {
	if len(s.rest) > 0 {
		n := 1 + g.random.IntN(len(s.rest))
		s.receive(g.rig, s.rest[:n], true)
		s.rest = s.rest[n:]
		return
	}
	late := g.random.IntN(3) == 0
	var bytes []byte
	if g.leader != nil {
		bytes = s.own.NextTo(g.leader, late)
	} else {
		bytes = s.own.Next(late)
	}
	if bytes != nil {
		n := len(bytes)
		if g.random.IntN(4) == 0 {
			n = g.random.IntN(n)
		}
		s.receive(g.rig, bytes[:n], late)
		if n < len(bytes) {
			s.rest = s.own.Rewind(n)
		}
		return
	}
	switch {
	case g.leader == nil && s.phase == "live":
		g.leader = s.own
	case g.leader != nil && s.own.Level(g.leader):
		s.own.Close()
	default:
		return
	}
	g.joins++
	s.own = nil
	g.level = append(g.level, s)
	g.apart = slices.DeleteFunc(g.apart, func(o *socket) bool { return o == s })
	g.settle()
}

// Readers who share a position, fork from it in the middle of a frame and join it again
// see nothing of that.
func TestSharedPositionModel(t *testing.T) {
	forks, joins := 0, 0
	for round := range 4 {
		synctest.Test(t, func(t *testing.T) {
			random, seed := newRandom(t)
			events := uint64([]int{16, 300}[round%2])
			r := start(t, newMemLog(), Options{Events: int(events), Heartbeat: 15 * time.Second})
			g := &group{rig: r, random: random, request: Request{Filter: randomFilter(t, r.Catalogue(), random), Wire: r.wire}}
			if round >= 2 {
				g.request.Every = 5 * time.Second
			}
			var sockets []*socket
			for range 8 {
				s := &socket{judge: judge{t: t, seed: seed, filter: g.request.Filter, every: g.request.Every, tape: events}}
				sockets = append(sockets, s)
				g.connect(s, "")
			}
			for range 4000 {
				switch choice := random.IntN(100); {
				case choice < 20:
					r.publish(slices.Repeat([]Draft{randomDraft(random)}, 1+random.IntN(3))...)
				case choice < 22:
					retractSomething(r, random)
				case choice < 30:
					time.Sleep(time.Duration(random.IntN(8_000)) * time.Millisecond)
				case choice < 55:
					g.lead()
				case choice < 59:
					g.reconnect(sockets[random.IntN(len(sockets))])
				case len(g.apart) > 0:
					g.catchUp(g.apart[random.IntN(len(g.apart))])
				}
				if u := r.Usage(); u.Readers != len(sockets) {
					t.Fatalf("seed %d: %d readers are counted, there are %d", seed, u.Readers, len(sockets))
				}
			}
			g.finish(sockets)
			forks, joins = forks+g.forks, joins+g.joins
		})
	}
	if forks < 20 || joins < 40 { // one round may have drawn a filter that little passes
		t.Errorf("only %d forks and %d joins", forks, joins)
	}
}

// reconnect breaks a connection; the client comes back with the last id that it has.
func (g *group) reconnect(s *socket) {
	drop := func(o *socket) bool { return o == s }
	g.level, g.apart = slices.DeleteFunc(g.level, drop), slices.DeleteFunc(g.apart, drop)
	if s.own != nil {
		s.own.Close()
	}
	g.settle()
	after := ""
	if s.anyID {
		s.pos, after = s.last, ID{"mem", s.last}.String()
	}
	*s = socket{judge: judge{t: s.t, seed: s.seed, filter: s.filter, every: s.every, tape: s.tape, pos: s.pos}}
	g.connect(s, after)
}

// finish lets all become level; by then they have everything.
func (g *group) finish(sockets []*socket) {
	time.Sleep(time.Minute)
	synctest.Wait()
	for range 20_000 {
		g.lead()
		if len(g.apart) == 0 && g.leader.Lag() == 0 {
			break
		}
		for _, s := range slices.Clone(g.apart) {
			g.catchUp(s)
		}
	}
	if len(g.apart) > 0 {
		g.t.Fatalf("%d never become level", len(g.apart))
	}
	log := g.log.all()
	for _, s := range sockets {
		s.gap(line{}, log, uint64(len(log)), false, 0)
	}
	g.level = nil
	g.settle()
	if u := g.Usage(); u.Cohorts != 0 || u.Readers != 0 {
		g.t.Errorf("%+v is left", u)
	}
}
