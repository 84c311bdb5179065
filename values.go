package main

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"time"
)

// A Size is a number of bytes. Its text is a number and a unit: "512MiB", "64KB",
// or bare bytes.
type Size int64

// units of a size, longest first where one ends in another.
var sizeUnits = []struct {
	name  string
	bytes float64
}{
	{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10},
	{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"KB", 1e3}, {"kB", 1e3}, {"B", 1}, {"", 1},
}

// UnmarshalText reads "512MiB", "1.5GB" or "1048576"; the result is whole bytes, not negative.
func (s *Size) UnmarshalText(text []byte) error {
	word := strings.TrimSpace(string(text))
	for _, unit := range sizeUnits {
		digits, ok := strings.CutSuffix(word, unit.name)
		if !ok {
			continue
		}
		n, err := parseDecimal(strings.TrimSpace(digits))
		if err != nil || n*unit.bytes >= math.MaxInt64 {
			break
		}
		*s = Size(n * unit.bytes)
		return nil
	}
	return errors.New("want a size such as 64KiB, 512MiB or 1GiB")
}

// parseDecimal reads digits with at most one point: no sign, exponent, hexadecimal or NaN.
func parseDecimal(s string) (float64, error) {
	if strings.Trim(s, "0123456789.") != "" {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseFloat(s, 64)
}

// String returns the size in the largest binary unit that divides it.
func (s Size) String() string {
	for _, unit := range sizeUnits[:4] {
		if n := int64(unit.bytes); s >= Size(n) && int64(s)%n == 0 {
			return strconv.FormatInt(int64(s)/n, 10) + unit.name
		}
	}
	return strconv.FormatInt(int64(s), 10) + "B"
}

// MarshalText returns the text form.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// A Secret is text that no log line and no error shows. Convert it to string to use it.
type Secret string

// UnmarshalText takes the text as it is.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = Secret(text)
	return nil
}

// String returns stars, or "" for an empty secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return masked
}

// GoString returns what String does.
func (s Secret) GoString() string { return s.String() }

// MarshalText returns what String does.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue returns what String does.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// masked stands wherever a secret would.
const masked = "***"

// shortDuration is d.String() without the units that are zero: "168h" in place of "168h0m0s".
func shortDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// quoted shows a value of the configuration in an error, cut to a readable length.
func quoted(s string) string {
	const limit = 60
	if runes := []rune(s); len(runes) > limit {
		return fmt.Sprintf("%q...", string(runes[:limit]))
	}
	return fmt.Sprintf("%q", s)
}
