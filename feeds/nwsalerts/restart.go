package nwsalerts

import (
	"slices"
	"strings"

	"tickertape/feeds"
)

const (
	// maxKept is how many bytes of keys outlive a restart, as much as [feeds.Relayer]
	// keeps: about twenty keys. Alerts over that leave the pages when they expire.
	maxKept = 1000

	// usual begins the identifiers of the service, and is not kept.
	usual = "urn:oid:2.49.0.1.840.0."
	short = "~"
)

// keep notes which keys stand, the most important first, so that an alert which ends while
// the server is off is withdrawn when it is back.
func keep(pub feeds.Publisher, keys []string) {
	r := feeds.RelayerOf(pub)
	if r == nil {
		return
	}
	var kept strings.Builder
	for _, key := range keys {
		if rest, found := strings.CutPrefix(key, usual); found {
			key = short + rest
		}
		if strings.ContainsAny(key, " ") || kept.Len()+len(key)+1 > maxKept {
			continue
		}
		kept.WriteString(key + " ")
	}
	r.Keep(kept.String())
}

// kept returns the keys that stood before a restart.
func kept(pub feeds.Publisher) []string {
	r := feeds.RelayerOf(pub)
	if r == nil {
		return nil
	}
	keys := strings.Fields(r.Position())
	for i, key := range keys {
		if rest, found := strings.CutPrefix(key, short); found {
			keys[i] = usual + rest
		}
	}
	return slices.Compact(keys)
}
