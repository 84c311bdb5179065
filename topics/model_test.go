package topics

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A judge follows one stream and compares it with the log. It knows the rules of a
// stream and nothing of how the package keeps them.
type judge struct {
	t      testing.TB
	seed   uint64
	filter Filter
	every  time.Duration
	tape   uint64 // events that the tape holds

	phase    string // "", snapshot, replay, live
	pos      uint64 // all up to here was given or is known to be missing
	last     uint64 // newest id on this stream
	anyID    bool
	snapshot []uint64
	resets   int
}

func (j *judge) fail(l line, format string, args ...any) {
	j.t.Helper()
	j.t.Fatalf("seed %d, filter %q, every %v, %s at %d, line %s: %s",
		j.seed, j.filter, j.every, j.phase, j.pos, brief([]line{l}), fmt.Sprintf(format, args...))
}

// take judges what one call of Next returned. log is all that was stored so far, from
// place 1, and head a place that the tape had not passed when Next returned.
func (j *judge) take(lines []line, log []Event, late bool, head uint64) {
	j.t.Helper()
	conflated := late || j.every > 0
	given := map[string]bool{}
	for _, l := range lines {
		id := l.place(j.t)
		if l.ID != "" {
			if j.anyID && id <= j.last {
				j.fail(l, "id %d after %d", id, j.last)
			}
			j.last, j.anyID = id, true
		}
		switch l.Kind {
		case "open":
			j.open(l, head)
		case "event":
			j.event(l, log, conflated, head)
			if key := l.Topic + "." + l.Key; conflated && l.ID != "" && isLatest(l.Topic) && l.Target == 0 {
				if given[key] {
					j.fail(l, "two values of %s in one batch", key)
				}
				given[key] = true
			}
		case "live":
			j.live(l, log, conflated, head)
		case "beat":
			if j.phase != "live" {
				j.fail(l, "heartbeat before live")
			}
			if l.ID != "" {
				j.gap(l, log, id, false, 0)
				j.pos = id
			}
		}
	}
}

func (j *judge) open(l line, head uint64) {
	j.t.Helper()
	switch {
	case l.State == Resumed && j.phase == "":
		j.phase = "replay"
		return
	case l.State == Fresh && j.phase == "":
	case l.State == Reset:
		j.resets++
		if l.Reason == Expired && j.pos+j.tape >= head {
			j.fail(l, "expired with head %d and %d events on the tape", head, j.tape)
		}
	default:
		j.fail(l, "out of place")
	}
	j.phase, j.snapshot = "snapshot", nil
}

func (j *judge) event(l line, log []Event, conflated bool, head uint64) {
	j.t.Helper()
	e := log[l.Seq-1]
	if e.Topic != l.Topic || e.Key != l.Key || e.Op != l.Op || e.Target != l.Target || string(e.Data) != l.Data {
		j.fail(l, "is %+v in the log", e)
	}
	if !j.filter.Match(e.Topic, e.Key) {
		j.fail(l, "was not asked for")
	}
	if l.ID == "" {
		if j.phase != "snapshot" {
			j.fail(l, "no id")
		}
		j.snapshot = append(j.snapshot, l.Seq)
		return
	}
	if l.place(j.t) != l.Seq || (j.phase != "replay" && j.phase != "live") {
		j.fail(l, "out of place")
	}
	j.gap(l, log, l.Seq-1, conflated, head)
	j.pos = l.Seq
}

func (j *judge) live(l line, log []Event, conflated bool, head uint64) {
	j.t.Helper()
	switch j.phase {
	case "replay":
		if l.ID != "" {
			j.gap(l, log, l.place(j.t), conflated, head)
			j.pos = l.place(j.t)
		}
	case "snapshot":
		if l.ID == "" {
			j.fail(l, "live without a position")
		}
		j.pos = l.place(j.t)
		if want := modelSnapshot(log[:j.pos], j.filter); !slices.Equal(want, j.snapshot) {
			j.fail(l, "snapshot %v, want %v", j.snapshot, want)
		}
	default:
		j.fail(l, "out of place")
	}
	j.phase = "live"
}

// gap fails if an event after the position and up to a place should have been given.
func (j *judge) gap(l line, log []Event, upto uint64, conflated bool, head uint64) {
	j.t.Helper()
	for seq := j.pos + 1; seq <= upto; seq++ {
		e := log[seq-1]
		if !j.filter.Match(e.Topic, e.Key) {
			continue
		}
		replaced := conflated && isLatest(e.Topic) && e.Target == 0 && slices.ContainsFunc(log[seq:head], func(o Event) bool {
			return o.Topic == e.Topic && o.Key == e.Key && o.Target == 0
		})
		if !replaced {
			j.fail(l, "event %d is missing", seq)
		}
	}
}

func isLatest(topic string) bool { return topic == "stock" || topic == "weather" || topic == "clock" }

// modelSnapshot is what the last values are after the events of log, told plainly.
func modelSnapshot(log []Event, f Filter) []uint64 {
	keep := map[string]int{"news": 5, "chat": 3, "secret": 20, "stock": MaxKeys, "weather": MaxKeys, "clock": 1}
	values := map[string][]Event{} // by topic, oldest first
	for _, e := range log {
		same := func(o Event) bool {
			switch {
			case e.Target != 0:
				return o.Seq == e.Target
			case e.Key == "" && !isLatest(e.Topic):
				return false
			}
			return o.Key == e.Key
		}
		values[e.Topic] = slices.DeleteFunc(values[e.Topic], same)
		if e.Op == Put {
			values[e.Topic] = append(values[e.Topic], e)
		}
		if vs := values[e.Topic]; len(vs) > keep[e.Topic] {
			values[e.Topic] = vs[1:]
		}
	}
	var places []uint64
	for _, vs := range values {
		for _, e := range vs {
			if f.Match(e.Topic, e.Key) {
				places = append(places, e.Seq)
			}
		}
	}
	slices.Sort(places)
	return places
}

func randomFilter(t testing.TB, c *Catalogue, random *rand.Rand) Filter {
	all := []string{"news", "chat", "secret", "clock", "stock", "weather", "stock.A", "stock.B", "stock.C", "weather.A", "news.A", "news.B", "*"}
	var words []string
	for range 1 + random.IntN(3) {
		words = append(words, all[random.IntN(len(all))])
	}
	f, err := ParseFilter(c, words...)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func randomDraft(random *rand.Rand) Draft {
	key := string("ABCDE"[random.IntN(5)])
	n := random.IntN(1000)
	switch random.IntN(9) {
	case 0:
		return Draft{Topic: "chat", Data: fmt.Append(nil, n)}
	case 1:
		return Draft{Topic: "news", Data: fmt.Appendf(nil, `{"id":%q,"n":%d}`, key, n)}
	case 2:
		return Draft{Topic: "news", Data: fmt.Appendf(nil, `{"n":%d}`, n)}
	case 3:
		return Draft{Topic: "clock", Data: fmt.Append(nil, n)}
	case 4:
		return Draft{Topic: "weather", Key: key, Data: []byte("text\nof lines"), Text: true}
	case 5:
		return Draft{Topic: "secret", Data: fmt.Append(nil, n)}
	}
	return Draft{Topic: "stock", Data: fmt.Appendf(nil, `{"symbol":%q,"n":%d}`, key, n)}
}

// retractSomething withdraws a random value, or nothing.
func retractSomething(r *rig, random *rand.Rand) {
	topic, key := "stock", string("ABCDE"[random.IntN(5)])
	switch random.IntN(4) {
	case 0:
		topic = "news"
	case 1:
		topic, key = "chat", ID{"mem", r.Head().Seq - min(r.Head().Seq, random.Uint64N(20))}.String()
	case 2:
		topic, key = "clock", ID{"mem", r.Head().Seq - min(r.Head().Seq, random.Uint64N(20))}.String()
	}
	id, err := r.Retract(r.t.Context(), topic, key)
	if err == nil {
		r.await(id)
	} else if !errors.Is(err, ErrNotFound) {
		r.t.Errorf("retract: %v", err)
	}
}

// A player is a client of the model: it reads, goes away, and comes back.
type player struct {
	judge
	sub *Subscription
}

// come opens a stream: from the player's position, from a random one, or fresh.
func (p *player) come(r *rig, random *rand.Rand) {
	p.judge = judge{t: r.t, seed: p.seed, filter: p.filter, every: p.every, tape: p.tape, pos: p.pos}
	q := Request{Filter: p.filter, Every: p.every, Wire: r.wire}
	switch choice := random.IntN(10); {
	case choice < 6 && p.pos > 0:
		q.After = ID{"mem", p.pos}.String()
	case choice == 6:
		p.pos = random.Uint64N(r.Head().Seq + 1)
		q.After = ID{"mem", p.pos}.String()
	case choice == 7:
		q.After = []string{"mom-1", "nonsense", ID{"mem", r.Head().Seq + 1000000}.String()}[random.IntN(3)]
	}
	p.sub = r.Subscribe(q)
}

// read calls Next once and judges what it gives.
func (p *player) read(r *rig, late bool) bool {
	bytes := p.sub.Next(late)
	log := r.log.all()
	p.take(parseLines(p.t, bytes), log, late, uint64(len(log)))
	return bytes != nil
}

func (p *player) leave() {
	if p.sub != nil {
		p.sub.Close()
		p.sub = nil
	}
}

// finish reads until level; by then nothing may be missing.
func (p *player) finish(r *rig) {
	if p.sub == nil {
		return
	}
	for p.read(r, false) {
	}
	log := r.log.all()
	if p.phase != "live" {
		p.fail(line{}, "never live")
	}
	p.gap(line{}, log, uint64(len(log)), false, 0)
	p.leave()
}

// Random publishes, joins, resumes, heartbeats, slow and late readers, restarts: no id
// twice, no gap untold, every snapshot right.
func TestModel(t *testing.T) {
	for _, events := range []int{16, 200} {
		synctest.Test(t, func(t *testing.T) {
			random, seed := newRandom(t)
			options := Options{Events: events, Heartbeat: 15 * time.Second}
			r := start(t, newMemLog(), options)
			players := make([]*player, 12)
			for i := range players {
				players[i] = &player{judge: judge{t: t, seed: seed, tape: uint64(events)}}
				players[i].filter = randomFilter(t, r.Catalogue(), random)
				if i%3 == 0 {
					players[i].every = time.Duration(1+i) * time.Second
				}
			}
			counts := map[string]int{}
			for range 6000 {
				p := players[random.IntN(len(players))]
				switch choice := random.IntN(100); {
				case choice < 25:
					r.publish(slices.Repeat([]Draft{randomDraft(random)}, 1+random.IntN(4)*random.IntN(2))...)
				case choice < 30:
					retractSomething(r, random)
				case choice < 32:
					p.leave()
				case choice < 40:
					time.Sleep(time.Duration(random.IntN(10_000)) * time.Millisecond)
				case choice == 40 && random.IntN(10) == 0:
					for _, p := range players {
						p.leave()
					}
					_ = r.stop()
					r = start(t, r.log, options)
				case p.sub == nil:
					p.come(r, random)
				default:
					for range 1 + random.IntN(4) {
						resets := p.resets
						p.read(r, random.IntN(3) == 0)
						counts[p.phase]++
						counts["resets"] += p.resets - resets
					}
				}
			}
			time.Sleep(time.Minute) // what every holds back comes
			synctest.Wait()
			for _, p := range players {
				p.finish(r)
			}
			if counts["live"] < 1000 || counts["replay"] < 20 || counts["resets"] < 5 {
				t.Errorf("seed %d: little was tried: %v", seed, counts)
			}
			if u := r.Usage(); u.Cohorts != 0 || len(r.index.whole)+len(r.index.keyed) != 0 {
				t.Errorf("seed %d: %+v is left", seed, u)
			}
		})
	}
}

// A visit is one stream of TestConcurrentModel, to be judged when the log is complete.
type visit struct {
	judge
	reads []visitRead
}

type visitRead struct {
	lines []line
	late  bool
	head  uint64
}

// The same with real concurrency: publishers, readers and heartbeats at once.
func TestConcurrentModel(t *testing.T) {
	_, seed := newRandom(t)
	const tape = 500
	r := start(t, newMemLog(), Options{Events: tape, Heartbeat: 5 * time.Millisecond, Checkpoint: 20 * time.Millisecond})
	var publishers, readers sync.WaitGroup
	for n := range uint64(3) {
		publishers.Go(func() {
			random := rand.New(rand.NewPCG(seed, 100+n))
			for range 1000 {
				if random.IntN(20) == 0 {
					retractSomething(r, random)
				} else {
					r.publish(slices.Repeat([]Draft{randomDraft(random)}, 1+random.IntN(5))...)
				}
			}
		})
	}
	over := make(chan struct{})
	visits := make([][]*visit, 16)
	for n := range visits {
		readers.Go(func() { visits[n] = visitAgainAndAgain(r, rand.New(rand.NewPCG(seed, uint64(n))), seed, tape, over) })
	}
	publishers.Wait()
	close(over)
	readers.Wait()
	log := r.log.all()
	streams, resets := 0, 0
	for _, list := range visits {
		for i, v := range list {
			for _, read := range v.reads {
				v.take(read.lines, log, read.late, read.head)
			}
			if i == len(list)-1 && v.every == 0 {
				v.gap(line{}, log, uint64(len(log)), false, 0)
			}
			resets += v.resets
			streams++
		}
	}
	t.Logf("%d events, %d streams, %d resets", len(log), streams, resets)
}

// visitAgainAndAgain reads streams, each from where the last one ended, until over; the
// last one to its end.
func visitAgainAndAgain(r *rig, random *rand.Rand, seed, tape uint64, over <-chan struct{}) []*visit {
	var visits []*visit
	v := judge{t: r.t, seed: seed, tape: tape, filter: randomFilter(r.t, r.Catalogue(), random)}
	if random.IntN(3) == 0 {
		v.every = time.Duration(1+random.IntN(10)) * time.Millisecond
	}
	known := false
	for {
		this := &visit{judge: v}
		visits = append(visits, this)
		q := Request{Filter: v.filter, Every: v.every, Wire: r.wire}
		if known {
			q.After = ID{"mem", v.pos}.String()
		}
		sub := r.Subscribe(q)
		last := false
		for reads := 1 + random.IntN(15); reads > 0 || last; reads-- {
			changed := sub.Changed()
			late := !last && random.IntN(4) == 0
			bytes := sub.Next(late)
			lines := parseLines(r.t, bytes)
			this.reads = append(this.reads, visitRead{lines, late, r.Head().Seq})
			for _, l := range lines {
				if l.ID != "" {
					v.pos, known = l.place(r.t), true
				}
			}
			if bytes != nil {
				continue
			}
			if last {
				sub.Close()
				return visits
			}
			select {
			case <-changed:
			case <-over:
				last = true
			}
		}
		sub.Close()
	}
}
