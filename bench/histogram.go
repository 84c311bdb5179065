package main

import (
	"math"
	"math/bits"
)

// Buckets are exact below 128 ns; from there on each power of two has 64 of them, so that a
// value read back is at most 0.8 % off.
const (
	subBits    = 6
	valueBits  = 44 // 4.9 hours in nanoseconds; what is longer counts as that
	bucketsAll = (valueBits - subBits + 1) << subBits
)

// A histogram counts durations in nanoseconds. The zero value is empty and ready; 20 KiB. Not
// safe for concurrent use.
type histogram struct {
	counts [bucketsAll]uint64
	n      uint64
	max    uint64
}

// add counts one duration of ns nanoseconds; a negative one, from a clock read too early, is 0.
func (h *histogram) add(ns int64) {
	v := uint64(max(ns, 0))
	h.counts[bucketOf(v)]++
	h.n++
	h.max = max(h.max, v)
}

// quantile returns the duration in nanoseconds that the share q of all stays at or below, 0
// when nothing was counted.
func (h *histogram) quantile(q float64) float64 {
	rank := max(1, uint64(math.Ceil(q*float64(h.n))))
	var seen uint64
	for i, c := range h.counts {
		if seen += c; seen >= rank {
			return min(middleOf(i), float64(h.max))
		}
	}
	return float64(h.max)
}

func bucketOf(v uint64) int {
	v = min(v, 1<<valueBits-1)
	if v < 2<<subBits {
		return int(v)
	}
	shift := bits.Len64(v) - (subBits + 1)
	return shift<<subBits + int(v>>shift)
}

func middleOf(bucket int) float64 {
	if bucket < 2<<subBits {
		return float64(bucket)
	}
	shift := bucket>>subBits - 1
	low := uint64(bucket-shift<<subBits) << shift
	return float64(low) + float64(uint64(1)<<shift-1)/2
}
