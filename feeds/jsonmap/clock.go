package jsonmap

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// ahead is how far a source's clock may be before ours.
const ahead = time.Minute

// A clock reads times in one format.
type clock struct {
	layout string // of package time; "" for numbers
	unit   time.Duration
	zone   *time.Location
}

func newClock(format, zone string) (clock, error) {
	c := clock{layout: format}
	switch format {
	case "", "rfc3339":
		c.layout = time.RFC3339
	case "unix":
		c.layout, c.unit = "", time.Second
	case "unix_ms":
		c.layout, c.unit = "", time.Millisecond
	default:
		sample := time.Date(2021, 11, 22, 13, 44, 55, 0, time.UTC)
		again, err := time.Parse(format, sample.Format(format))
		if err != nil || again.Year() != sample.Year() && !strings.Contains(format, "06") || again.IsZero() || format == sample.Format(format) {
			return c, fmt.Errorf("time_format %q: want rfc3339, unix, unix_ms, or a layout with a date, as in 2006-01-02 15:04:05", format)
		}
	}
	var err error
	if c.zone, err = time.LoadLocation(zone); err != nil {
		return c, fmt.Errorf("zone %q: want the IANA name of a time zone, as in Europe/Berlin", zone)
	}
	return c, nil
}

// read returns the zero time for null and empty text.
func (c clock) read(value any) (time.Time, error) {
	text, err := asText(value)
	if text = strings.TrimSpace(text); err != nil || text == "" {
		return time.Time{}, err
	}
	if c.layout != "" {
		t, err := time.ParseInLocation(c.layout, text, c.zone)
		if err != nil {
			return t, fmt.Errorf("%.60q is no time as time_format says: want %s", text, c.layout)
		}
		return t, nil
	}
	n, ok := new(big.Rat).SetString(text)
	if f, err := json.Number(text).Float64(); !ok || err != nil || f < 0 || f > 1e14 {
		return time.Time{}, fmt.Errorf("%.60q is no time as time_format says: want a number", text)
	}
	n.Mul(n, new(big.Rat).SetInt64(int64(c.unit/time.Microsecond)))
	micros := new(big.Int).Quo(n.Num(), n.Denom())
	if !micros.IsInt64() || micros.Int64() > time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro() {
		return time.Time{}, fmt.Errorf("%.60q is no time as time_format says: it is beyond the year 9999", text)
	}
	return time.UnixMicro(micros.Int64()), nil
}
