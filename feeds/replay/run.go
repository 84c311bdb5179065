package replay

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"tickertape/feeds"
	"tickertape/topics"
)

const (
	maxLine  = 8 * topics.MaxData // bytes: text is up to six times as long in JSON
	loopGap  = 2 * time.Second    // between the end and the beginning, at any speed
	signGap  = 5 * time.Second    // between two signs of life while nothing is due
	maxBatch = 100                // items published at once
)

// A line is one of a recording.
type line struct {
	ID    string
	Topic string
	Key   string
	Time  time.Time
	Data  json.RawMessage
}

// Run prints the recording to its end, and again if it is to.
func (f *feed) Run(ctx context.Context, pub feeds.Publisher) error {
	for round := 0; ; round++ {
		p := &playing{feed: f, pub: pub, round: round, left: make(map[string]bool)}
		if err := p.play(ctx); err != nil {
			return err
		}
		if p.printed == 0 {
			return feeds.NeedsAttention(fmt.Errorf("replay %s: nothing in it could be printed: %s", f.opts.File, p.detail()),
				"check the option topics, and whether the file is a recording")
		}
		if !f.opts.Loop {
			pub.OK("the recording is over: " + p.detail())
			return feeds.ErrFinished
		}
		if err := sleep(ctx, loopGap); err != nil {
			return err
		}
	}
}

// A playing is one round. It belongs to the goroutine of Run.
type playing struct {
	*feed
	pub   feeds.Publisher
	round int

	began time.Time     // when the first line with an id was due
	clock time.Time     // of the recording: the time of the latest line
	ahead time.Duration // of the recording from its beginning, its long pauses shortened

	batch   []feeds.Item // due now
	printed int
	broken  int             // lines that are none of a recording
	bare    int             // events that are no objects
	left    map[string]bool // topics that are not printed; at most maxLeft
}

const maxLeft = 20

func (p *playing) play(ctx context.Context) error {
	file, err := os.Open(p.opts.File)
	if err != nil {
		return missing(err)
	}
	defer file.Close()
	var in io.Reader = file
	if strings.HasSuffix(p.opts.File, ".gz") {
		unpacked, err := gzip.NewReader(file)
		if err != nil {
			return fmt.Errorf("replay %s: %w", p.opts.File, err)
		}
		in = unpacked
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	for lines.Scan() {
		if err := p.line(ctx, lines.Bytes()); err != nil {
			return err
		}
	}
	if err := p.flush(ctx); err != nil {
		return err
	}
	if err := lines.Err(); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("replay %s: %w", p.opts.File, err)
	}
	return nil
}

// line prints one line when it is due.
func (p *playing) line(ctx context.Context, text []byte) error {
	l, ok := parse[line](text)
	if !ok || l.Topic == "" {
		p.broken++
		return nil
	}
	switch l.Topic {
	case "stream", "live", "heartbeat", "bye":
		return nil
	case "retract":
		return p.retract(ctx, &l)
	}
	here := p.nameHere(l.Topic)
	if here == "" {
		if len(p.left) < maxLeft {
			p.left[l.Topic] = true
		}
		return nil
	}
	if err := p.await(ctx, &l); err != nil {
		return err
	}
	item, ok := p.item(&l, here)
	if !ok {
		p.bare++
		return nil
	}
	p.batch = append(p.batch, item)
	if len(p.batch) < maxBatch {
		return nil
	}
	return p.flush(ctx)
}

// await waits until a line is due. Lines of a snapshot, which have no ids, are due at
// once.
func (p *playing) await(ctx context.Context, l *line) error {
	if l.ID == "" || l.Time.IsZero() {
		return ctx.Err()
	}
	if p.began.IsZero() {
		p.began, p.clock = time.Now(), l.Time
	}
	gap := max(l.Time.Sub(p.clock), 0)
	if p.opts.Longest > 0 {
		gap = min(gap, time.Duration(float64(p.opts.Longest)*float64(p.opts.Speed)))
	}
	p.clock = l.Time
	p.ahead += gap
	due := p.began.Add(time.Duration(float64(p.ahead) / float64(p.opts.Speed)))
	if !time.Now().Before(due) {
		return ctx.Err()
	}
	if err := p.flush(ctx); err != nil {
		return err
	}
	for wait := time.Until(due); wait > signGap; wait = time.Until(due) {
		if err := sleep(ctx, signGap); err != nil {
			return err
		}
		p.pub.OK(p.detail())
	}
	return sleep(ctx, time.Until(due))
}

// item makes the item of a line; false for data that is no object.
func (p *playing) item(l *line, here string) (feeds.Item, bool) {
	data, ok := parse[map[string]any](l.Data)
	if !ok || data == nil {
		return feeds.Item{}, false
	}
	delete(data, "simulated") // the supervisor flags it
	data["replayed"] = true
	if id, ok := data["id"].(string); ok {
		data["id"] = id + p.suffix(here, p.round)
	}
	if p.opts.Shift && !l.Time.IsZero() {
		shift := time.Since(l.Time)
		for _, name := range [...]string{"time", "seen", "expires"} {
			if text, ok := data[name].(string); ok {
				if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
					data[name] = at.Add(shift).UTC().Truncate(time.Millisecond).Format(time.RFC3339Nano)
				}
			}
		}
	}
	return feeds.Item{Topic: here, Data: data}, true
}

// parse reads JSON, its numbers digit by digit.
func parse[T any](text []byte) (value T, ok bool) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	ok = dec.Decode(&value) == nil
	return value, ok
}

// retract withdraws what was withdrawn. What has no key has another id here and stays.
func (p *playing) retract(ctx context.Context, l *line) error {
	what, ok := parse[struct {
		Topic string
		Key   *string
	}](l.Data)
	if !ok || what.Key == nil {
		return nil
	}
	here := p.nameHere(what.Topic)
	if here == "" {
		return nil
	}
	if err := p.await(ctx, l); err != nil {
		return err
	}
	if err := p.flush(ctx); err != nil {
		return err
	}
	key := *what.Key
	if t, err := p.lookup(here); err == nil && t.Key == "id" {
		key += p.suffix(here, p.round)
	}
	err := p.pub.Retract(ctx, here, key)
	if errors.Is(err, feeds.ErrItem) {
		return nil
	}
	return err
}

func (p *playing) lookup(here string) (*topics.Topic, error) {
	if p.catalogue == nil {
		return nil, topics.ErrUnknownTopic
	}
	return p.catalogue.Lookup(here)
}

func (p *playing) flush(ctx context.Context) error {
	if len(p.batch) == 0 {
		return nil
	}
	err := p.pub.Publish(ctx, p.batch...)
	p.printed += len(p.batch)
	clear(p.batch)
	p.batch = p.batch[:0]
	if errors.Is(err, feeds.ErrItem) {
		return nil // the publisher reports it
	}
	return err
}

// detail is what the feed says of itself.
func (p *playing) detail() string {
	parts := []string{fmt.Sprintf("round %d, %d printed", p.round+1, p.printed)}
	if !p.clock.IsZero() {
		parts = append(parts, "recorded at "+p.clock.UTC().Format(time.RFC3339))
	}
	if p.broken > 0 {
		parts = append(parts, fmt.Sprintf("%d lines are none of a recording", p.broken))
	}
	if p.bare > 0 {
		parts = append(parts, fmt.Sprintf("%d events that are no objects are left out", p.bare))
	}
	if len(p.left) > 0 {
		parts = append(parts, fmt.Sprintf("%d topics are left out", len(p.left)))
	}
	return strings.Join(parts, "; ")
}

// sleep waits, or returns ctx's error.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
