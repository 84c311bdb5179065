package handlers

import (
	"mime"
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

// negotiate picks the face that an Accept header (RFC 9110, section 12.5.1) prefers;
// among equals the one that it names first, then the server's order. An empty header
// accepts anything. It returns "" if no face is acceptable.
func negotiate(accept string) face {
	if strings.TrimSpace(accept) == "" {
		return faceStream
	}
	best, quality := face(""), 0.0
	for part := range strings.SplitSeq(accept, ",") {
		media, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		q := 1.0
		if text, ok := params["q"]; ok {
			if q, err = strconv.ParseFloat(text, 64); err != nil || q < 0 || q > 1 {
				continue
			}
		}
		for _, f := range faces {
			if q > quality && covers(media, string(f)) {
				best, quality = f, q
			}
		}
	}
	return best
}

// covers reports whether a media range includes a type.
func covers(media, of string) bool {
	if media == "*/*" || media == of {
		return true
	}
	group, _, _ := strings.Cut(of, "/")
	return media == group+"/*"
}

// isEventSource reports whether the client is one that would give up for ever on an
// error status: it asks for a stream by name.
func isEventSource(accept string) bool { return strings.Contains(accept, string(faceStream)) }
