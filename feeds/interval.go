package feeds

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// An Interval is a range of durations; each wait is drawn from it evenly.
// Its text is "5s", or "1s-3s" for a range.
type Interval struct {
	Min, Max time.Duration
}

// Draw returns a duration between Min and Max, both included.
func (i Interval) Draw(r *rand.Rand) time.Duration {
	if i.Max <= i.Min {
		return i.Min
	}
	return i.Min + time.Duration(r.Int64N(int64(i.Max-i.Min)+1))
}

// AtLeast returns i with both ends raised to floor.
func (i Interval) AtLeast(floor time.Duration) Interval {
	return Interval{Min: max(i.Min, floor), Max: max(i.Max, floor)}
}

// String returns the text form.
func (i Interval) String() string {
	if i.Max <= i.Min {
		return i.Min.String()
	}
	return i.Min.String() + "-" + i.Max.String()
}

// MarshalText returns the text form.
func (i Interval) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// mostInterval is the longest that text can say.
const mostInterval = 366 * 24 * time.Hour

// UnmarshalText reads "5s" or "1s-3s"; negative and inverted ranges are errors, and
// so is more than a year.
func (i *Interval) UnmarshalText(text []byte) error {
	low, high, isRange := strings.Cut(string(text), "-")
	lo, err := time.ParseDuration(strings.TrimSpace(low))
	if err != nil {
		return fmt.Errorf("interval %q: want a duration such as 5s, or a range such as 1s-3s", text)
	}
	hi := lo
	if isRange {
		if hi, err = time.ParseDuration(strings.TrimSpace(high)); err != nil {
			return fmt.Errorf("interval %q: want a duration such as 5s, or a range such as 1s-3s", text)
		}
	}
	if lo < 0 || hi < lo {
		return fmt.Errorf("interval %q: the range runs backwards", text)
	}
	if hi > mostInterval {
		return fmt.Errorf("interval %q: want at most a year", text)
	}
	*i = Interval{Min: lo, Max: hi}
	return nil
}
