package handlers

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gorilla/schema"

	"tickertape/topics"
)

// query is the query of /latest as it was sent. The texts are given their meaning by
// [query.params], so that each mistake can be named.
type query struct {
	Type        []string `schema:"type" doc:"topics to read: TOPIC, TOPIC.KEY or *, separated by commas or repeated"`
	LastEventID string   `schema:"last_event_id" doc:"position to resume after; the header Last-Event-ID wins"`
	Alias       string   `schema:"lastEventId" doc:"the same as last_event_id"`
	Since       string   `schema:"since" doc:"start in the past: an RFC 3339 time, or a duration such as 15m"`
	Every       string   `schema:"every" doc:"at most one update of a key in this duration, 100ms to 1h"`
	Snapshot    string   `schema:"snapshot" doc:"false: do not send current values first"`
	Wait        string   `schema:"wait" doc:"long-poll: wait up to this duration for an event, at most 60s (JSON face)"`
	Limit       string   `schema:"limit" doc:"at most this many events, 1 to 10000 (JSON face)"`
	Screen      string   `schema:"screen" doc:"a display's own name, shown in the list of streams"`
}

// params is a query that makes sense.
type params struct {
	filter     topics.Filter
	after      string
	since      time.Time
	every      time.Duration
	noSnapshot bool
	wait       time.Duration
	limit      int // 0: not given
	screen     string
}

const (
	defaultLimit = 100
	maxLimit     = 10000
	maxWait      = time.Minute
	minEvery     = 100 * time.Millisecond
	maxEvery     = time.Hour
	maxScreen    = 64
)

var queryDecoder = schema.NewDecoder()

// queryNames are the names of the parameters, for messages.
var queryNames = func() (names []string) {
	for f := range reflect.TypeFor[query]().Fields() {
		names = append(names, f.Tag.Get("schema"))
	}
	return names
}()

// decodeQuery reads a query strictly. Names that begin with '_' are for
// cache-busters and ignored.
func decodeQuery(raw string) (query, error) {
	values, err := url.ParseQuery(raw)
	if err != nil { // url.URL.Query would leave out what it cannot read
		return query{}, bad("", "the query cannot be read: "+err.Error())
	}
	maps.DeleteFunc(values, func(name string, _ []string) bool { return strings.HasPrefix(name, "_") })
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(queryNames, name) {
			return query{}, unknownParameter(name)
		}
		if name != "type" && len(values[name]) > 1 {
			return query{}, bad(name, fmt.Sprintf("parameter %q is given %d times; give it once", name, len(values[name])))
		}
	}
	if values.Get("last_event_id") != "" && values.Get("lastEventId") != "" {
		return query{}, bad("lastEventId", "last_event_id and lastEventId are the same parameter; give one of them")
	}
	for _, text := range values["type"] {
		if text == "" { // the decoder would leave it out, which means everything
			return query{}, bad("type", "type is empty; name topics, as in type=news,stock.ACME, or leave it out for all")
		}
		if !printable(text) {
			return query{}, bad("type", "type is not UTF-8, or holds a control character")
		}
	}
	var q query
	if err := queryDecoder.Decode(&q, values); err != nil {
		return query{}, bad("", "the query cannot be read: "+err.Error())
	}
	return q, nil
}

func unknownParameter(name string) *problem {
	p := bad(name, fmt.Sprintf("there is no parameter %.80q; there are %s", name, strings.Join(queryNames, ", ")))
	if p.Nearest = topics.Nearest(name, queryNames); p.Nearest != "" {
		p.Detail = fmt.Sprintf("there is no parameter %.80q; did you mean %q?", name, p.Nearest)
	}
	return p
}

// A question is a query with its filter: all that does not depend on when it is asked.
// Immutable.
type question struct {
	query
	filter topics.Filter
}

// readQuestion decodes a query and its filter.
func readQuestion(c *topics.Catalogue, raw string) (*question, error) {
	q, err := decodeQuery(raw)
	if err != nil {
		return nil, err
	}
	filter, err := topics.ParseFilter(c, q.Type...)
	if err != nil {
		return nil, typeProblem(err)
	}
	return &question{query: q, filter: filter}, nil
}

// params gives the other texts of q their meaning. The header's last event id wins.
func (q *question) params(header string, now time.Time) (p *params, err error) {
	p = &params{filter: q.filter}
	p.after = firstOf(header, q.LastEventID, q.Alias)
	if p.since, err = parseSince(q.Since, now); err != nil {
		return p, err
	}
	if p.every, err = parseBetween("every", q.Every, minEvery, maxEvery); err != nil {
		return p, err
	}
	if p.wait, err = parseBetween("wait", q.Wait, 0, maxWait); err != nil {
		return p, err
	}
	if q.Snapshot != "" {
		snapshot, err := strconv.ParseBool(q.Snapshot)
		if err != nil {
			return p, bad("snapshot", fmt.Sprintf("snapshot is %.80q; want true or false", q.Snapshot))
		}
		p.noSnapshot = !snapshot
	}
	if q.Limit != "" {
		p.limit, err = strconv.Atoi(q.Limit)
		if err != nil || p.limit < 1 || p.limit > maxLimit {
			return p, bad("limit", fmt.Sprintf("limit is %.80q; want a number from 1 to %d", q.Limit, maxLimit))
		}
	}
	p.screen, err = parseScreen(q.Screen)
	return p, err
}

func typeProblem(err error) *problem {
	p := bad("type", "type: "+err.Error())
	var unknown *topics.UnknownTopicError
	if errors.As(err, &unknown) {
		p.Nearest = unknown.Nearest
	}
	return p
}

func firstOf(texts ...string) string {
	for _, s := range texts {
		if s != "" {
			return s
		}
	}
	return ""
}

func parseSince(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	// a '+' of a zone that was not escaped arrives as a space
	at, err := time.Parse(time.RFC3339, strings.Replace(text, " ", "+", 1))
	if err != nil || at.After(now.Add(time.Minute)) {
		return time.Time{}, bad("since", fmt.Sprintf("since is %.80q; want a time in the past such as 2026-11-20T09:00:00Z, or a duration such as 15m", text))
	}
	return at, nil
}

func parseBetween(name, text string, least, most time.Duration) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < least || d > most {
		return 0, bad(name, fmt.Sprintf("%s is %.80q; want a duration from %v to %v, such as 2s", name, text, least, most))
	}
	return d, nil
}

func parseScreen(text string) (string, error) {
	if len(text) > maxScreen || !printable(text) {
		return "", bad("screen", fmt.Sprintf("screen is over %d bytes, not UTF-8, or holds a control character", maxScreen))
	}
	return text, nil
}

// printable reports whether a text is UTF-8 without control characters.
func printable(text string) bool {
	return utf8.ValidString(text) && strings.IndexFunc(text, unicode.IsControl) < 0
}

// request makes the reader's request of p.
func (p *params) request(w topics.Wire) topics.Request {
	return topics.Request{
		Filter:     p.filter,
		Every:      p.every,
		After:      p.after,
		Since:      p.since,
		NoSnapshot: p.noSnapshot,
		Wire:       w,
	}
}
