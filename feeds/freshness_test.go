package feeds

import (
	"net/http"
	"testing"
	"time"
)

func TestLifetime(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) string { return now.Add(d).Format(http.TimeFormat) }
	for _, tt := range []struct {
		header http.Header
		want   time.Duration
	}{
		{http.Header{}, 0},
		{http.Header{"Cache-Control": {"max-age=60"}}, time.Minute},
		{http.Header{"Cache-Control": {`private, Max-Age="60"`}}, time.Minute},
		{http.Header{"Cache-Control": {"max-age=60", "max-age=30"}}, 30 * time.Second},
		{http.Header{"Cache-Control": {"max-age=60, no-store"}}, 0},
		{http.Header{"Cache-Control": {"s-maxage=60"}}, 0}, // for shared caches
		{http.Header{"Cache-Control": {"max-age=60"}, "Age": {"20"}}, 40 * time.Second},
		{http.Header{"Cache-Control": {"max-age=60"}, "Age": {"90"}}, 0},
		{http.Header{"Cache-Control": {"max-age=60"}, "Expires": {at(time.Hour)}}, time.Minute},
		{http.Header{"Expires": {at(time.Hour)}}, time.Hour},
		{http.Header{"Expires": {at(2 * time.Hour)}, "Date": {at(time.Hour)}}, time.Hour}, // a clock that is wrong
		{http.Header{"Expires": {at(-time.Hour)}}, 0},
		{http.Header{"Expires": {"-1"}}, 0},
		{http.Header{"Last-Modified": {at(-1000 * time.Hour)}}, 0},
	} {
		if got := lifetime(tt.header, now); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.header, got, tt.want)
		}
	}
}

// Whatever a source says, it is left alone for no less than nothing and at most a day.
func FuzzWhatSourcesSay(f *testing.F) {
	f.Add("max-age=60", "Fri, 20 Nov 2026 13:00:00 GMT", "20", "3600")
	f.Add("no-cache, max-age=99999999999999999999", "0", "-1", "Fri, 20 Nov 2026 13:00:00 GMT")
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, control, expires, age, retry string) {
		h := http.Header{"Cache-Control": {control}, "Expires": {expires}, "Age": {age}, "Retry-After": {retry}, "Date": {expires}}
		after, _ := retryAfter(h, now)
		for _, d := range []time.Duration{lifetime(h, now), after} {
			if d < 0 || d > 24*time.Hour {
				t.Fatalf("%s of %q", d, h)
			}
		}
	})
}
