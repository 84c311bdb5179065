package nwsalerts

import (
	"cmp"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"tickertape/feeds"
)

// severities of [feeds.Item], the least first; "" is unknown.
var severities = []string{"", "minor", "moderate", "severe", "extreme"}

const (
	maxTitle = 300   // bytes
	maxLang  = 35    // bytes, which is enough for a BCP 47 tag
	maxText  = 2_000 // bytes of a description or an instruction
)

// A document is a list of alerts as the API has it (GeoJSON). Features is nil in an
// answer that is something else: that must not be taken for "no alerts".
type document struct {
	Features *[]struct {
		Properties alert `json:"properties"`
	} `json:"features"`
}

// An alert is one message of the Common Alerting Protocol. It is immutable.
type alert struct {
	ID          string      `json:"id"`
	Area        string      `json:"areaDesc"`
	Sent        instant     `json:"sent"`
	Onset       instant     `json:"onset"`
	Expires     instant     `json:"expires"` // when the message is to be replaced by a newer one
	Ends        instant     `json:"ends"`    // when the weather is over; zero: unknown
	Status      string      `json:"status"`
	MessageType string      `json:"messageType"`
	Severity    string      `json:"severity"`
	Certainty   string      `json:"certainty"`
	Urgency     string      `json:"urgency"`
	Event       string      `json:"event"`
	Headline    string      `json:"headline"`
	Description string      `json:"description"`
	Instruction string      `json:"instruction"`
	Response    string      `json:"response"`
	SenderName  string      `json:"senderName"`
	Language    string      `json:"language"`
	Web         string      `json:"web"`
	References  []reference `json:"references"`
	Geocode     struct {
		UGC []string `json:"UGC"`
	} `json:"geocode"`
	Parameters struct {
		ExpiredReferences []string `json:"expiredReferences"` // "sender,identifier,sent sender,..."
	} `json:"parameters"`
}

// A reference names an earlier message of the same chain.
type reference struct {
	ID   string  `json:"identifier"`
	Sent instant `json:"sent"`
}

// An instant is a time, or zero where it is null or cannot be read: one bad time must
// not cost a warning.
type instant struct{ time.Time }

// UnmarshalJSON reads an RFC 3339 time; it never fails.
func (i *instant) UnmarshalJSON(text []byte) error {
	var s string
	if json.Unmarshal(text, &s) == nil {
		*i = parseInstant(s)
	}
	return nil
}

func parseInstant(s string) instant {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil || t.Year() < 1970 || t.Year() > 9999 {
		return instant{}
	}
	return instant{t.UTC()}
}

// earlier returns the messages that came before a, the oldest first.
func (a *alert) earlier() []reference {
	list := slices.Clone(a.References)
	for _, text := range a.Parameters.ExpiredReferences {
		for triple := range strings.FieldsSeq(text) {
			if part := strings.Split(triple, ","); len(part) == 3 {
				list = append(list, reference{ID: part[1], Sent: parseInstant(part[2])})
			}
		}
	}
	list = slices.DeleteFunc(list, func(r reference) bool { return r.ID == "" || r.ID == a.ID })
	slices.SortStableFunc(list, func(x, y reference) int {
		return cmp.Or(x.Sent.Compare(y.Sent.Time), cmp.Compare(x.ID, y.ID))
	})
	return list
}

// over returns when the alert is no longer in force. The end of the weather counts; the
// message may have to be renewed long before. Without either it is zero: never by itself.
func (a *alert) over() time.Time {
	if !a.Ends.IsZero() {
		return a.Ends.Time
	}
	return a.Expires.Time
}

// severity is the index of the alert's severity in severities.
func (a *alert) severity() int {
	return max(slices.Index(severities, strings.ToLower(a.Severity)), 0)
}

func (a *alert) actual() bool { return strings.EqualFold(a.Status, "actual") }

// data is an item's own fields. Words of the protocol are in lower case.
type data struct {
	Event          string    `json:"event,omitempty"`
	Area           string    `json:"area,omitempty"`
	Zones          []string  `json:"zones,omitempty"`
	Summary        string    `json:"summary,omitempty"`
	Instruction    string    `json:"instruction,omitempty"`
	Response       string    `json:"response,omitempty"`
	Certainty      string    `json:"certainty,omitempty"`
	Urgency        string    `json:"urgency,omitempty"`
	Message        string    `json:"message"` // alert or update
	Status         string    `json:"status"`  // actual, or what sort of test
	AlertID        string    `json:"alert_id"`
	Onset          time.Time `json:"onset,omitzero"`
	Ends           time.Time `json:"ends,omitzero"`
	MessageExpires time.Time `json:"message_expires,omitzero"`
	SourceTime     time.Time `json:"source_time,omitzero"` // the source's own time, where that lies in the future
}

// zones returns the codes of the zones that the alert is for, at most 100.
func (a *alert) zones() []string {
	var list []string
	for _, code := range a.Geocode.UGC[:min(len(a.Geocode.UGC), maxZones)] {
		if zoneCode.MatchString(code) {
			list = append(list, code)
		}
	}
	return list
}

// item makes the headline that stands under key.
func (a *alert) item(key, topic string, now time.Time) feeds.Item {
	title := a.Headline
	if strings.TrimSpace(title) == "" {
		title = a.Event + ", " + a.Area
	}
	if !a.actual() {
		title = cmp.Or(a.Status, "Unknown status") + ": " + title
	}
	d := data{
		Event: clip(a.Event, maxTitle), Area: clip(a.Area, maxText), Zones: a.zones(),
		Summary: clip(a.Description, maxText), Instruction: clip(a.Instruction, maxText),
		Response: word(a.Response), Certainty: word(a.Certainty), Urgency: word(a.Urgency),
		Message: word(a.MessageType), Status: word(a.Status), AlertID: a.ID,
		Onset: a.Onset.Time, Ends: a.Ends.Time, MessageExpires: a.Expires.Time,
	}
	at := a.Sent.Time
	if at.After(now) { // one of the two clocks is wrong
		at, d.SourceTime = now.Truncate(time.Millisecond), at
	}
	it := feeds.Item{
		Topic: topic, ID: key, Time: at, Expires: a.over(), Title: clip(title, maxTitle),
		Source:   cmp.Or(clip(a.SenderName, maxTitle), "US National Weather Service"),
		Severity: severities[a.severity()], Lang: clip(a.Language, maxLang), Attribution: attribution, Data: d,
	}
	if u, err := url.Parse(a.Web); err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http") {
		it.URL = a.Web
	}
	return it
}

func word(s string) string { return strings.ToLower(clip(s, maxTitle)) }

// clip takes out the line breaks within paragraphs, which the service sets for screens
// of its own, control characters, and what is over most bytes.
func clip(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' {
			return ' '
		}
		return r
	}, text)
	var paragraphs []string
	for p := range strings.SplitSeq(text, "\n\n") {
		if p = strings.Join(strings.Fields(p), " "); p != "" {
			paragraphs = append(paragraphs, p)
		}
	}
	text = strings.Join(paragraphs, "\n")
	if len(text) <= most {
		return text
	}
	cut := most
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return strings.TrimSpace(text[:cut]) + "…"
}
