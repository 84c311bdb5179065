package main

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestHistogramQuantilesAreWithinOnePercent(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var h histogram
	values := make([]float64, 100_000)
	for i := range values {
		ns := int64(math.Exp(rng.Float64() * 24)) // 1 ns to 26 s
		values[i] = float64(ns)
		h.add(ns)
	}
	slices.Sort(values)
	for _, q := range []float64{0.001, 0.25, 0.5, 0.99, 0.999, 1} {
		want := values[int(math.Ceil(q*float64(len(values))))-1]
		if got := h.quantile(q); math.Abs(got-want) > 0.01*want+1 {
			t.Errorf("quantile(%v) = %v; want %v within 1 %%", q, got, want)
		}
	}
}

func TestHistogramEdges(t *testing.T) {
	var h histogram
	if got := h.quantile(0.5); got != 0 {
		t.Errorf("empty: quantile = %v; want 0", got)
	}
	h.add(-5)
	h.add(7)
	h.add(math.MaxInt64)
	for _, tt := range []struct {
		q    float64
		want float64
	}{{0, 0}, {0.33, 0}, {0.5, 7}, {0.66, 7}} {
		if got := h.quantile(tt.q); got != tt.want {
			t.Errorf("quantile(%v) = %v; want %v", tt.q, got, tt.want)
		}
	}
	if got := h.quantile(1); got < 1<<(valueBits-1) {
		t.Errorf("quantile(1) = %v; want the longest bucket", got)
	}
}

// Neighbouring values never share a place out of order, and each comes back near itself.
func TestBucketsRise(t *testing.T) {
	last := -1
	for v := uint64(0); v < 1<<20; v++ {
		b := bucketOf(v)
		if b < last || b > last+1 {
			t.Fatalf("bucketOf(%d) = %d after %d", v, b, last)
		}
		if off := math.Abs(middleOf(b) - float64(v)); off > 0.008*float64(v) {
			t.Fatalf("middleOf(bucketOf(%d)) is %v away", v, off)
		}
		last = b
	}
}
