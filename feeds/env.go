package feeds

import (
	"hash/fnv"
	"math/rand/v2"
	"time"
)

// defaultTimeout bounds one fetch unless configured.
const defaultTimeout = 30 * time.Second

// Complete returns env with defaults filled in for a feed of this kind: Every is
// the default of the kind if zero, and raised to its floor; Timeout is 30 s if zero.
func (s Spec) Complete(env Env) Env {
	if env.Every.Max <= 0 {
		env.Every = s.Default
	}
	if env.Every.Max > 0 {
		env.Every = env.Every.AtLeast(s.Floor)
	}
	if env.Timeout <= 0 {
		env.Timeout = defaultTimeout
	}
	return env
}

// SeedFor returns the seed of the feed with that id in a run with the given seed:
// the same for the same two, different for different ids, never 0. In a run with
// seed 0 it is random.
func SeedFor(seed uint64, id string) uint64 {
	if seed == 0 {
		return max(rand.Uint64(), 1)
	}
	h := fnv.New64a()
	h.Write([]byte(id))
	// The generator mixes the two well; FNV alone changes few bits for "city-1", "city-2".
	return max(rand.NewPCG(seed, h.Sum64()).Uint64(), 1)
}
