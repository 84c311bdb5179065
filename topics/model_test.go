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
			signal := changed(sub)
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
			case <-signal:
			case <-over:
				last = true
			}
		}
		sub.Close()
	}
}
