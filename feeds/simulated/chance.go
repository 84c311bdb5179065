package simulated

import (
	"context"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"time"

	"tickertape/feeds"
)

// chance returns the source of randomness of a feed. With a seed, feeds that
// differ in id or kind draw different numbers, and the same ones in each run.
func chance(env feeds.Env, kind string) *rand.Rand {
	if env.Seed == 0 {
		return rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	}
	return rand.New(rand.NewPCG(env.Seed, stream(kind, env.ID)))
}

// stream numbers a feed for the second word of its seed.
func stream(kind, id string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(kind + "/" + id))
	return h.Sum64()
}

// decoded returns the options that a constructor got; nil stands for none given.
func decoded[T any](kind string, options any) (T, error) {
	var zero T
	switch o := options.(type) {
	case nil:
		return zero, nil
	case *T:
		if o == nil {
			return zero, nil
		}
		return *o, nil
	}
	return zero, fmt.Errorf("construct %s: options are %T, want %T", kind, options, &zero)
}

// pace returns the interval to keep: the configured one, or that of the spec.
func pace(env feeds.Env, spec feeds.Spec) feeds.Interval {
	every := env.Every
	if every.Max <= 0 {
		every = spec.Default
	}
	return every.AtLeast(spec.Floor)
}

// pause waits for exactly d, or returns ctx's error when that comes first.
func pause(ctx context.Context, pub feeds.Publisher, d time.Duration) error {
	d = max(d, time.Millisecond) // zero would stand for the configured interval
	return feeds.Pause(ctx, pub, feeds.Interval{Min: d, Max: d})
}

// A drift is an Ornstein-Uhlenbeck process with mean 0 and deviation 1: it
// wanders and comes back, however long it runs.
type drift struct{ at float64 }

// settle draws a starting point from where the process is in the long run.
func (d *drift) settle(r *rand.Rand) { d.at = r.NormFloat64() }

// step moves on by dt; memory is the time after which 1/e of a deviation is left.
// The step is exact, so that a long one is no worse than many short ones.
func (d *drift) step(r *rand.Rand, dt, memory time.Duration) {
	keep := math.Exp(-dt.Seconds() / memory.Seconds())
	d.at = keep*d.at + math.Sqrt(1-keep*keep)*r.NormFloat64()
}

// A swing is a drift whose path is smooth, as that of the air is: what is near a
// threshold does not flicker across it. Its deviation is 1 as well.
type swing struct {
	drift
	memory    time.Duration
	smoothing time.Duration
	smooth    float64
}

// settle draws a starting point from where the process is in the long run.
func (s *swing) settle(r *rand.Rand) {
	s.drift.settle(r)
	s.smooth = s.at * s.spread()
}

func (s *swing) step(r *rand.Rand, dt time.Duration) {
	s.drift.step(r, dt, s.memory)
	keep := math.Exp(-dt.Seconds() / s.smoothing.Seconds())
	s.smooth = keep*s.smooth + (1-keep)*s.at
}

func (s *swing) value() float64 { return s.smooth / s.spread() }

// spread is the deviation that smoothing leaves.
func (s *swing) spread() float64 {
	return math.Sqrt(s.memory.Seconds() / (s.memory + s.smoothing).Seconds())
}

// stamp returns the time of what is invented now, in milliseconds.
func stamp() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

// round returns v with so many decimals, and never a negative zero.
func round(v float64, decimals int) float64 {
	scale := math.Pow10(decimals)
	return math.Round(v*scale)/scale + 0
}
