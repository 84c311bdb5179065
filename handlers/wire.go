package handlers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"tickertape/handlers/sse"
	"tickertape/topics"
)

// Names of the events that the server itself prints.
const (
	eventStream    = "stream"
	eventLive      = "live"
	eventHeartbeat = "heartbeat"
	eventRetract   = "retract"
	eventBye       = "bye"
)

// A byeReason says why a stream ends as planned.
type byeReason string

const (
	byeDrain    byeReason = "drain"    // the process stops
	byeAge      byeReason = "age"      // see Options.MaxAge
	byeOverload byeReason = "overload" // the process is starting, or full
)

// streamInfo is the data of the event "stream".
type streamInfo struct {
	State     topics.State  `json:"state"`
	Reason    topics.Reason `json:"reason,omitempty"`
	Time      string        `json:"time" format:"date-time"`
	Build     string        `json:"build" doc:"when it changes, a page may reload"`
	Heartbeat float64       `json:"heartbeat" doc:"seconds of silence before a sign of life"`
	Topics    []string      `json:"topics" doc:"that the filter touches"`
}

// signInfo is the data of the events "live" and "heartbeat".
type signInfo struct {
	Time  string `json:"time" format:"date-time"`
	Build string `json:"build,omitempty"`
}

// retractInfo is the data of the event "retract".
type retractInfo struct {
	Topic string  `json:"topic"`
	Key   *string `json:"key,omitempty"`
	ID    string  `json:"id,omitempty" doc:"of the event that is withdrawn, where it has no key"`
	Time  string  `json:"time" format:"date-time"`
}

// byeInfo is the data of the event "bye".
type byeInfo struct {
	Reason  byeReason `json:"reason" doc:"the server stops, or is full or starting, or the stream has lasted long enough"`
	RetryMS int64     `json:"retry_ms" doc:"pause to make before coming back, different for each reader"`
}

// stampForm is a time on the wire: RFC 3339, UTC, milliseconds.
const stampForm = "2006-01-02T15:04:05.000Z07:00"

func stamp(t time.Time) string { return t.UTC().Format(stampForm) }

// appendStamp appends a time in quotes.
func appendStamp(b []byte, t time.Time) []byte {
	return t.UTC().AppendFormat(b, `"`+stampForm+`"`)
}

// mustJSON encodes our own structs, which cannot fail. Text stays readable: no
// character is escaped for the sake of HTML.
func mustJSON(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic("handlers: " + err.Error())
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// wireInfo is what both wires say of the server. It encodes what every reader gets at
// connect by hand: as [streamInfo] and [signInfo] would be.
type wireInfo struct {
	build  []byte // JSON
	stable []byte // the fields of streamInfo that never change
}

func newWireInfo(build string, heartbeat time.Duration) wireInfo {
	w := wireInfo{build: mustJSON(build)}
	w.stable = fmt.Appendf(nil, `,"build":%s,"heartbeat":%s,"topics":[`, w.build, mustJSON(heartbeat.Seconds()))
	return w
}

// stream encodes a streamInfo. Neither states nor topics have characters to escape.
func (w wireInfo) stream(o topics.Opening) []byte {
	b := make([]byte, 0, 256)
	b = append(b, `{"state":"`...)
	b = append(b, o.State...)
	if o.Reason != "" {
		b = append(b, `","reason":"`...)
		b = append(b, o.Reason...)
	}
	b = append(b, `","time":`...)
	b = appendStamp(b, o.Time)
	b = append(b, w.stable...)
	for i, name := range o.Filter.Topics() {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = append(b, name...)
		b = append(b, '"')
	}
	return append(b, "]}"...)
}

// sign encodes a signInfo.
func sign(t time.Time, build []byte) []byte {
	b := make([]byte, 0, 96)
	b = append(b, `{"time":`...)
	b = appendStamp(b, t)
	if build != nil {
		b = append(b, `,"build":`...)
		b = append(b, build...)
	}
	return append(b, '}')
}

func retraction(id topics.ID, e *topics.Event) []byte {
	r := retractInfo{Topic: e.Topic, Time: stamp(e.Time)}
	if e.Target != 0 {
		r.ID = topics.ID{Epoch: id.Epoch, Seq: e.Target}.String()
	} else {
		r.Key = &e.Key
	}
	return mustJSON(r)
}

// retry is the pause that one reader is asked to make before it comes back: a
// little different for each, so that many do not come back together.
func retry(least, most time.Duration) time.Duration {
	return (least + rand.N(most-least+1)).Truncate(time.Millisecond)
}

// bye is the end of a planned stream in the form of a wire, with the pause that this
// reader is asked to make. Streams that have become too old end one by one anyway, so
// their readers may come back soon.
func (h *Handlers) bye(w closingWire, why byeReason) []byte {
	if why == byeAge {
		return w.bye(why, retry(ageRetry, 4*ageRetry))
	}
	return w.bye(why, retry(h.opts.DrainSpread/10, h.opts.DrainSpread))
}

// streamWire is the face text/event-stream.
type streamWire struct{ wireInfo }

var _ topics.Wire = (*streamWire)(nil)

func frame(dst []byte, id topics.ID, event string, data []byte) []byte {
	f := sse.Frame{Event: event, Data: data}
	if id.Seq != 0 || id.Epoch != "" {
		f.ID = id.String()
	}
	return sse.Append(roomFor(dst, f), f)
}

// roomFor makes dst, if there is none, large enough for a frame of one line.
func roomFor(dst []byte, f sse.Frame) []byte {
	if dst != nil {
		return dst
	}
	return make([]byte, 0, len(f.Data)+len(f.ID)+len(f.Event)+64)
}

// Open implements [topics.Wire].
func (w *streamWire) Open(dst []byte, o topics.Opening) []byte {
	f := sse.Frame{Event: eventStream, Retry: retry(2*time.Second, 5*time.Second), Data: w.stream(o)}
	return sse.Append(roomFor(dst, f), f)
}

// Event implements [topics.Wire].
func (w *streamWire) Event(dst []byte, id topics.ID, e *topics.Event) []byte {
	if e.Op == topics.Retract {
		return frame(dst, id, eventRetract, retraction(id, e))
	}
	return frame(dst, id, e.Topic, e.Data)
}

// Live implements [topics.Wire].
func (w *streamWire) Live(dst []byte, id topics.ID, now time.Time) []byte {
	return frame(dst, id, eventLive, sign(now, nil))
}

// Heartbeat implements [topics.Wire].
func (w *streamWire) Heartbeat(dst []byte, id topics.ID, now time.Time) []byte {
	return frame(dst, id, eventHeartbeat, sign(now, w.build))
}

// bye is the end of a stream that was planned.
func (w *streamWire) bye(reason byeReason, pause time.Duration) []byte {
	return sse.Append(nil, sse.Frame{Event: eventBye, Retry: pause, Data: mustJSON(byeInfo{Reason: reason, RetryMS: pause.Milliseconds()})})
}

// An envelope is an event as one line of NDJSON and as an element of the JSON face.
// What the server itself says has its event name as topic.
type envelope struct {
	ID    string          `json:"id,omitempty" doc:"position; none in a snapshot of a stream"`
	Topic string          `json:"topic" doc:"or the event name of what the server itself says"`
	Key   string          `json:"key,omitempty"`
	Time  string          `json:"time" format:"date-time" doc:"when the log stored it"`
	Data  json.RawMessage `json:"data"`
}

func envelopeOf(id topics.ID, e *topics.Event) envelope {
	env := envelope{Topic: e.Topic, Key: e.Key, Time: stamp(e.Time), Data: e.Data}
	if id.Seq != 0 {
		env.ID = id.String()
	}
	switch {
	case e.Op == topics.Retract:
		env.Topic, env.Key, env.Data = eventRetract, "", retraction(id, e)
	case e.Text:
		env.Data = mustJSON(string(e.Data))
	}
	return env
}

// lineWire is the face application/x-ndjson.
type lineWire struct{ wireInfo }

var _ topics.Wire = (*lineWire)(nil)

func line(dst []byte, env envelope) []byte {
	return append(append(dst, mustJSON(env)...), '\n')
}

func signLine(dst []byte, id topics.ID, name string, now time.Time, data []byte) []byte {
	env := envelope{Topic: name, Time: stamp(now), Data: data}
	if id.Epoch != "" {
		env.ID = id.String()
	}
	return line(dst, env)
}

// Open implements [topics.Wire].
func (w *lineWire) Open(dst []byte, o topics.Opening) []byte {
	return signLine(dst, topics.ID{}, eventStream, o.Time, w.stream(o))
}

// Event implements [topics.Wire].
func (w *lineWire) Event(dst []byte, id topics.ID, e *topics.Event) []byte {
	return line(dst, envelopeOf(id, e))
}

// Live implements [topics.Wire].
func (w *lineWire) Live(dst []byte, id topics.ID, now time.Time) []byte {
	return signLine(dst, id, eventLive, now, sign(now, nil))
}

// Heartbeat implements [topics.Wire].
func (w *lineWire) Heartbeat(dst []byte, id topics.ID, now time.Time) []byte {
	return signLine(dst, id, eventHeartbeat, now, sign(now, w.build))
}

// bye is the end of a stream that was planned.
func (w *lineWire) bye(reason byeReason, pause time.Duration) []byte {
	return signLine(nil, topics.ID{}, eventBye, time.Now(), mustJSON(byeInfo{Reason: reason, RetryMS: pause.Milliseconds()}))
}
