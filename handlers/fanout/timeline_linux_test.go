package fanout

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
)

// A timeline is what the streams of one group show: the rules are those of package
// topics, in little. Frames have a place, from 1; a late reader is given the newest
// of a key only; readers may be held back; what is too old is lost.
type timeline struct {
	t        testing.TB
	name     string
	maxBatch int

	mu       sync.Mutex // guards the fields below; held while watchers are called, as in topics
	frames   []event
	shown    int // readers may see up to here; -1: everything
	lost     int // places up to here have left the tape
	beats    int
	padding  int // bytes of a snapshot
	watchers map[*position]func()
	open     int // positions
	stands   int // readers
	rewinds  []rewind
	lates    int // calls of Next for late readers that returned something
}

// An event with a key replaces earlier ones of that key.
type event struct {
	key   string
	bytes []byte
	end   bool // readers stop at it
}

type rewind struct{ n, of, rest int }

func newTimeline(t testing.TB, name string) *timeline {
	return &timeline{t: t, name: name, maxBatch: 4 << 10, shown: -1, watchers: map[*position]func(){}}
}

// print adds an event whose frame holds size bytes of payload.
func (l *timeline) print(key string, size int) { l.append(key, size, false) }

// end prints the event that readers stop at.
func (l *timeline) end() { l.append("", 1, true) }

func (l *timeline) append(key string, size int, end bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	place := len(l.frames) + 1
	b := fmt.Appendf(nil, "E %s %d %d\n", l.name, place, size)
	b = append(b, bytes.Repeat([]byte{byte('a' + place%26)}, size)...)
	l.frames = append(l.frames, event{key, append(b, '\n'), end})
	if l.shown < 0 {
		l.wakeLocked()
	}
}

func (l *timeline) beat() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.beats++
	l.wakeLocked()
}

// hold keeps what is printed from now on from readers, until release.
func (l *timeline) hold() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shown < 0 {
		l.shown = len(l.frames)
	}
}

func (l *timeline) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shown = -1
	l.wakeLocked()
}

// lose drops all but the newest keep frames from the tape.
func (l *timeline) lose(keep int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost = max(l.lost, len(l.frames)-keep)
}

func (l *timeline) wakeLocked() {
	for _, fn := range l.watchers {
		fn()
	}
}

// place returns that of the newest frame.
func (l *timeline) place() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.frames)
}

// at returns the frame at a place, nil if there is none.
func (l *timeline) at(place int) *event {
	l.mu.Lock()
	defer l.mu.Unlock()
	if place < 1 || place > len(l.frames) {
		return nil
	}
	return &l.frames[place-1]
}

func (l *timeline) usage() (open, stands int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open, l.stands
}

// join returns the stream of a fresh reader.
func (l *timeline) join() *position {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open++
	l.stands++
	p := &position{line: l, stands: 1}
	p.openLocked()
	return p
}

// resume returns the stream of a reader that has everything up to place.
func (l *timeline) resume(place int) *position {
	p := l.join()
	l.mu.Lock()
	defer l.mu.Unlock()
	p.place = place
	p.opening = [][]byte{fmt.Appendf(nil, "S %s %d\n", l.name, place)}
	return p
}

// A position is the fake [Stream].
type position struct {
	line    *timeline
	place   int
	beat    int
	opening [][]byte
	sent    sent
	stands  int
	closed  bool
	calls   atomic.Int32 // that run now
}

type sent struct {
	before int
	bytes  []byte
	ends   []frameEnd // nil: bytes have no places
}

type frameEnd struct{ at, place int }

func (p *position) openLocked() {
	p.place, p.beat = len(p.line.frames), p.line.beats
	p.opening = [][]byte{
		fmt.Appendf(nil, "S %s %d\n", p.line.name, p.place),
		append(fmt.Appendf(nil, "P %s %d\n", p.line.name, p.line.padding), append(bytes.Repeat([]byte{'.'}, p.line.padding), '\n')...),
	}
}

// enter checks that one goroutine at a time uses a stream that is open.
func (p *position) enter() (leave func()) {
	p.line.t.Helper()
	if p.calls.Add(1) != 1 {
		p.line.t.Error("a stream is used by two goroutines at once")
	}
	p.line.mu.Lock()
	if p.closed {
		p.line.t.Error("a stream is used after Close")
	}
	return func() {
		p.line.mu.Unlock()
		p.calls.Add(-1)
	}
}

func (p *position) Key() any { return p.line }

func (p *position) Next(late bool) []byte {
	defer p.enter()()
	limit := p.line.shown
	if limit < 0 {
		limit = len(p.line.frames)
	}
	return p.nextLocked(limit, true, late)
}

func (p *position) NextTo(leader Stream, late bool) []byte {
	defer p.enter()()
	l := leader.(*position)
	if l.closed || l.line != p.line {
		p.line.t.Error("NextTo with a leader that is closed, or of another group")
	}
	return p.nextLocked(l.place, false, late)
}

func (p *position) nextLocked(limit int, beats, late bool) []byte {
	p.sent = sent{before: p.place}
	switch {
	case len(p.opening) > 0:
		p.sent.bytes, p.opening = p.opening[0], p.opening[1:]
	case p.place >= limit:
		due := beats && p.line.beats > p.beat
		p.beat = p.line.beats
		if due {
			p.sent.bytes = fmt.Appendf(nil, "H %s %d\n", p.line.name, p.beat)
		}
	case p.place < p.line.lost:
		p.openLocked()
		return p.nextLocked(limit, beats, late)
	default:
		p.batchLocked(limit, late)
	}
	if late && p.sent.bytes != nil {
		p.line.lates++
	}
	return p.sent.bytes
}

func (p *position) batchLocked(limit int, late bool) {
	replaced := map[string]bool{}
	places := []int{}
	for place := limit; place > p.place; place-- {
		if key := p.line.frames[place-1].key; key != "" && late {
			if replaced[key] {
				continue
			}
			replaced[key] = true
		}
		places = append(places, place)
	}
	slices.Reverse(places)
	for i, place := range places {
		f := p.line.frames[place-1].bytes
		if i > 0 && len(p.sent.bytes)+len(f) > p.line.maxBatch {
			break
		}
		p.sent.bytes = append(p.sent.bytes, f...)
		p.sent.ends = append(p.sent.ends, frameEnd{len(p.sent.bytes), place})
		p.place = place
	}
	p.beat = p.line.beats
}

func (p *position) Level(leader Stream) bool {
	defer p.enter()()
	l := leader.(*position)
	return l.line == p.line && len(p.opening) == 0 && len(l.opening) == 0 && p.place == l.place && l.beat == p.line.beats
}

func (p *position) Rewind(n int) []byte {
	defer p.enter()()
	return p.rewindLocked(n)
}

func (p *position) rewindLocked(n int) []byte {
	last := p.sent
	if last.bytes == nil || n >= len(last.bytes) {
		p.line.t.Errorf("Rewind(%d) of %d bytes", n, len(last.bytes))
		return nil
	}
	p.sent = sent{before: p.place}
	var rest []byte
	switch {
	case last.ends == nil:
		rest = last.bytes[n:]
	case n == 0:
		p.place = last.before
	default:
		i, _ := slices.BinarySearchFunc(last.ends, n, func(e frameEnd, n int) int { return e.at - n })
		p.place = last.ends[i].place
		rest = slices.Clone(last.bytes[n:last.ends[i].at])
	}
	p.line.rewinds = append(p.line.rewinds, rewind{n, len(last.bytes), len(rest)})
	return rest
}

func (p *position) Fork(n int) (Stream, []byte) {
	defer p.enter()()
	own := &position{line: p.line, place: p.place, beat: p.beat, opening: slices.Clone(p.opening), sent: p.sent, stands: 1}
	p.line.open++
	p.line.stands++
	rest := own.rewindLocked(n)
	return own, rest
}

func (p *position) Stand(readers int) {
	defer p.enter()()
	p.line.stands += readers - p.stands
	p.stands = readers
}

func (p *position) Notify(fn func()) {
	defer p.enter()()
	p.line.watchers[p] = fn
}

func (p *position) Close() {
	defer p.enter()()
	delete(p.line.watchers, p)
	p.line.open--
	p.line.stands -= p.stands
	p.closed = true
}

// A judge reads what one reader is given, and knows what is not allowed: a gap, a
// repetition, a torn or foreign frame.
type judge struct {
	line    *timeline
	strict  bool // nothing may be replaced by something newer
	began   bool
	opened  bool
	place   int
	beat    int
	resets  int
	frames  int
	skipped map[string]int // place of the newest value by key that must be replaced yet
	bye     string         // the farewell
	ended   bool           // has the event of timeline.end
}

var head = [][]byte{[]byte("HEAD "), []byte("of two parts\n")}

// take judges the whole frames at the front of b, and returns what is left of b.
func (j *judge) take(b []byte) (rest []byte, err error) {
	for {
		n, err := j.frame(b)
		if n == 0 || err != nil {
			return b, err
		}
		b = b[n:]
	}
}

// frame judges one frame; n is 0 if it is not whole yet.
func (j *judge) frame(b []byte) (n int, err error) {
	line, _, ok := bytes.Cut(b, []byte{'\n'})
	if !ok {
		if len(b) > 100 && b[0] != 'B' {
			return 0, fmt.Errorf("torn: no frame begins with %.40q", b)
		}
		return 0, nil
	}
	n = len(line) + 1
	field := bytes.Fields(line)
	if len(field) < 3 {
		return 0, fmt.Errorf("torn: %.40q", line)
	}
	kind := string(field[0])
	if !j.began {
		j.began = true
		if string(line)+"\n" != string(bytes.Join(head, nil)) {
			return 0, fmt.Errorf("begins with %.40q", line)
		}
		return n, nil
	}
	if j.bye != "" {
		return 0, fmt.Errorf("%.40q after the farewell", line)
	}
	if kind == "B" {
		j.bye = string(line)
		return n, nil
	}
	number, err := strconv.Atoi(string(field[2]))
	if err != nil || string(field[1]) != j.line.name {
		return 0, fmt.Errorf("torn, or of another group: %.40q", line)
	}
	switch kind {
	case "S":
		if j.opened {
			j.resets++
		}
		j.opened, j.place = true, number
		j.skipped = map[string]int{}
		return n, nil
	case "P":
		return padding(b, n, number)
	case "H":
		if number <= j.beat {
			return 0, fmt.Errorf("heartbeat %d after %d", number, j.beat)
		}
		j.beat = number
		return n, nil
	case "E":
		return j.event(b, number)
	}
	return 0, fmt.Errorf("torn: %.40q", line)
}

func padding(b []byte, n, size int) (int, error) {
	switch {
	case len(b) < n+size+1:
		return 0, nil
	case string(b[n:n+size+1]) != string(bytes.Repeat([]byte{'.'}, size))+"\n":
		return 0, fmt.Errorf("a torn snapshot: %.40q", b[n:])
	}
	return n + size + 1, nil
}

func (j *judge) event(b []byte, place int) (int, error) {
	e := j.line.at(place)
	if e == nil {
		return 0, fmt.Errorf("place %d does not exist", place)
	}
	if len(b) < len(e.bytes) {
		if !bytes.HasPrefix(e.bytes, b) {
			return 0, fmt.Errorf("torn at place %d: %.40q", place, b)
		}
		return 0, nil
	}
	if !bytes.HasPrefix(b, e.bytes) {
		return 0, fmt.Errorf("torn at place %d: %.40q", place, b)
	}
	if !j.opened || place <= j.place {
		return 0, fmt.Errorf("place %d after %d", place, j.place)
	}
	for q := j.place + 1; q < place; q++ {
		key := j.line.at(q).key
		if key == "" || j.strict {
			return 0, fmt.Errorf("place %d after %d: %d is missing", place, j.place, q)
		}
		j.skipped[key] = q
	}
	delete(j.skipped, e.key)
	j.place = place
	j.frames++
	if e.end {
		j.ended = true
		if len(j.skipped) > 0 {
			return 0, fmt.Errorf("skipped and never replaced: %v", j.skipped)
		}
	}
	return len(e.bytes), nil
}
