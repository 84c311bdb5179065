package feeds

import (
	"encoding/json"
	"time"
)

// StatusTopic is the topic on which the states of feeds are printed; its key field
// is id. No feed may print on it.
const StatusTopic = "feeds"

// A State says how a feed is.
type State string

// The package comment says what each state means.
const (
	Starting  State = "starting"
	Running   State = "running"
	Stale     State = "stale"
	Backoff   State = "backoff"
	Open      State = "open"
	Attention State = "attention"
	Stopped   State = "stopped"
)

// Status is what is known of a feed at a moment: an entry of GET /feeds and the
// data of an event on [StatusTopic]. It is a copy; changing it changes nothing.
// Times are UTC, in milliseconds.
type Status struct {
	ID         string    `json:"id"`
	Kind       string    `json:"kind"`
	Topics     []string  `json:"topics"` // what it prints on
	State      State     `json:"state"`
	Since      time.Time `json:"since"`                // when the state began
	Time       time.Time `json:"time"`                 // when this was so
	Simulated  bool      `json:"simulated"`            // all that it prints now is invented
	Every      Interval  `json:"every,omitzero"`       // how often it runs; zero: not timed
	StaleAfter Seconds   `json:"stale_after,omitzero"` // silent for longer, it is stale; zero: never

	LastEvent     time.Time `json:"last_event,omitzero"` // when it last printed
	LastOK        time.Time `json:"last_ok,omitzero"`    // when it last printed or said that nothing is new
	NextRun       time.Time `json:"next_run,omitzero"`   // when it fetches or is tried next, if that is planned
	LastError     string    `json:"last_error,omitempty"`
	LastErrorTime time.Time `json:"last_error_time,omitzero"`
	Hint          string    `json:"hint,omitempty"`   // what a person can do
	Detail        string    `json:"detail,omitempty"` // what the feed says of itself
	Restarts      int       `json:"restarts"`         // runs after the first
	Events        uint64    `json:"events"`           // items stored
	Repeated      uint64    `json:"repeated"`         // items dropped because they had been published
	Refused       uint64    `json:"refused"`          // items that broke a rule
	Attribution   string    `json:"attribution,omitempty"`

	Trace string `json:"-"` // what an error with a method Trace() string said; for the log and the admin only
}

// Seconds is a duration that is a number of seconds in JSON.
type Seconds time.Duration

// MarshalJSON returns the number of seconds.
func (s Seconds) MarshalJSON() ([]byte, error) {
	return json.Marshal(time.Duration(s).Seconds())
}

// UnmarshalJSON reads a number of seconds.
func (s *Seconds) UnmarshalJSON(text []byte) error {
	var n float64
	if err := json.Unmarshal(text, &n); err != nil {
		return err
	}
	*s = Seconds(n * float64(time.Second))
	return nil
}
