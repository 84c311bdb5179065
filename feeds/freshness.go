package feeds

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// lifetime returns for how long after now an answer that came now is fresh, by RFC
// 9111: max-age, or else Expires, less the Age that it has already. It guesses
// nothing: without either it is zero. It is at most a day, whatever the source says.
func lifetime(h http.Header, now time.Time) time.Duration {
	var life time.Duration
	switch age, said := maxAge(h.Values("Cache-Control")); {
	case said:
		life = age
	case h.Get("Expires") != "":
		expires, err := http.ParseTime(h.Get("Expires"))
		if err != nil {
			return 0 // "0" and its like mean: expired
		}
		base, err := http.ParseTime(h.Get("Date")) // by the source's own clock
		if err != nil {
			base = now
		}
		life = expires.Sub(base)
	}
	if age, err := strconv.ParseUint(strings.TrimSpace(h.Get("Age")), 10, 31); err == nil {
		life -= time.Duration(age) * time.Second
	}
	return min(max(life, 0), retryMost)
}

// maxAge reads the directives that say how long an answer is fresh. Where they
// contradict each other the shortest counts.
func maxAge(values []string) (age time.Duration, said bool) {
	for _, value := range values {
		for directive := range strings.SplitSeq(value, ",") {
			name, arg, _ := strings.Cut(strings.TrimSpace(directive), "=")
			switch strings.ToLower(name) {
			case "no-cache", "no-store":
				return 0, true
			case "max-age":
				seconds, err := strconv.ParseUint(strings.Trim(arg, `"`), 10, 63)
				if err != nil {
					return 0, true
				}
				d := time.Duration(min(seconds, uint64(retryMost/time.Second))) * time.Second
				if !said || d < age {
					age, said = d, true
				}
			}
		}
	}
	return age, said
}
