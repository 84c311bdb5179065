package handlers

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// A face is one of the forms of /latest.
type face string

const (
	faceStream face = "text/event-stream"
	faceJSON   face = "application/json"
	faceNDJSON face = "application/x-ndjson"
)

// faces in the order of the server's preference.
var faces = []face{faceStream, faceJSON, faceNDJSON}

// A media is one range of an Accept header.
type media struct {
	group, name string // "*" for any
	quality     float64
}

// negotiate picks the face that an Accept header (RFC 9110, section 12.5.1) prefers;
// among equals the one that it names first, then the server's order. Of several
// ranges that cover a face the narrowest counts. An empty header accepts anything. It
// returns "" if no face is acceptable, and never an error.
func negotiate(accept string) (face, error) {
	if strings.TrimSpace(accept) == "" {
		return faceStream, nil
	}
	ranges := parseAccept(accept)
	best, quality, place := face(""), 0.0, 0
	for _, f := range faces {
		q, at := preference(ranges, f)
		if q > quality || q == quality && q > 0 && at < place {
			best, quality, place = f, q, at
		}
	}
	return best, nil
}

// parseAccept reads the ranges of an Accept header and skips what is none.
func parseAccept(accept string) (ranges []media) {
	for part := range strings.SplitSeq(accept, ",") {
		name, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		m := media{quality: 1}
		if text, ok := params["q"]; ok {
			m.quality, err = strconv.ParseFloat(text, 64)
			if err != nil || !(m.quality >= 0 && m.quality <= 1) {
				continue
			}
		}
		m.group, m.name, _ = strings.Cut(name, "/")
		ranges = append(ranges, m)
	}
	return ranges
}

// preference returns the quality of the narrowest range that covers a face, and its place.
func preference(ranges []media, f face) (quality float64, place int) {
	group, name, _ := strings.Cut(string(f), "/")
	narrowest := 0
	for i, m := range ranges {
		width := 0
		switch {
		case m.group == group && m.name == name:
			width = 3
		case m.group == group && m.name == "*":
			width = 2
		case m.group == "*" && m.name == "*":
			width = 1
		}
		if width > narrowest {
			narrowest, quality, place = width, m.quality, i
		}
	}
	return quality, place
}

// accepted returns the whole Accept header, which may be sent in several lines.
func accepted(r *http.Request) string { return strings.Join(r.Header.Values("Accept"), ",") }

// isEventSource reports whether the client is one that would give up for ever on an
// error status: it asks for a stream by name.
func isEventSource(r *http.Request) bool {
	return strings.Contains(strings.ToLower(accepted(r)), string(faceStream))
}
