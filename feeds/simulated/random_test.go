package simulated

import (
	"context"
	"testing"
	"testing/synctest"

	"tickertape/feeds"
	"tickertape/feeds/feedtest"
)

// draws counts numbers and ends the run after enough of them.
type draws struct {
	*feedtest.Recorder
	seen map[int]int
	left int
	end  context.CancelFunc
}

func (d *draws) Publish(ctx context.Context, items ...feeds.Item) error {
	d.seen[items[0].Data.(number).Value]++
	if d.left--; d.left == 0 {
		d.end()
	}
	return ctx.Err()
}

func TestRandomNumbers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		env := Random().Complete(feeds.Env{Seed: 5})
		feed, err := newRandom(nil, env)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		d := &draws{feedtest.NewRecorder(t, Random(), env), map[int]int{}, 20_000, cancel}
		if err := feed.Run(ctx, d); ctx.Err() == nil {
			t.Fatal(err)
		}
		for value := range d.seen {
			if value < 1 || value > 1000 {
				t.Errorf("value %d, want 1 to 1000", value)
			}
		}
		if len(d.seen) != 1000 {
			t.Errorf("%d values in 20,000 draws, want all 1,000, both ends included", len(d.seen))
		}
	})
}
