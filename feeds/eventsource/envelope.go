package eventsource

import (
	"encoding/json"
	"strings"

	"tickertape/topics"
)

// draft returns the event for a topic here. Data that is a string may have been text
// there, which the faces do not tell; it is text here unless the topic takes JSON alone
// or a stream could not carry it.
func (e *Envelope) draft(to *pair) topics.Draft {
	d := topics.Draft{Topic: to.here, Data: e.Data}
	if to.sameKey {
		d.Key = e.Key
	}
	var text string
	if len(e.Data) > 0 && e.Data[0] == '"' && !to.typed && json.Unmarshal(e.Data, &text) == nil && !strings.ContainsAny(text, "\x00\r") {
		d.Data, d.Text = []byte(text), true
	}
	return d
}
