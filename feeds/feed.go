package feeds

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"tickertape/topics"
)

// A Feed prints items on the tape. Run is all that a plugin must have.
//
// Run blocks until ctx is done (it then returns nil or ctx's error within ten
// seconds) or until the feed cannot go on. A feed that returns an error is started
// again by its supervisor after a pause; see [Fatal], [RetryAfter], [NeedsAttention]
// and [ErrFinished]. One that returns nil before ctx is done is run again after its
// interval; if it has none, that counts as an error.
type Feed interface {
	Run(ctx context.Context, pub Publisher) error
}

// Publisher is all that a feed can see of the rest of the program.
// Its methods may be called from any goroutine that the feed started.
type Publisher interface {
	// Publish stores the items in the given order and returns nil once the log has
	// them. It checks each item, stamps it (seen, simulated), and drops one whose id
	// was published with the same content before; other content under the same id is a
	// correction. It blocks while the log is away and while the feed is over its rate.
	// Items that break a rule are left out and the others stored; the error then wraps
	// [ErrItem]. After any other error some of the items may be stored.
	Publish(ctx context.Context, items ...Item) error
	// Retract withdraws the value of a key; topic "" means the feed's. It blocks as
	// Publish does, and returns nil as well where there is no such value.
	Retract(ctx context.Context, topic, key string) error
	// OK reports that the source was asked and has nothing new (a 304, a closed
	// market): it keeps the feed fresh. The detail is shown to people.
	OK(detail string)
	// Go runs fn on a goroutine that belongs to the feed: its panic or error ends
	// this feed's run, not the process. Run's context ends before Go's goroutines
	// are awaited, so fn must end with it. Once the run is over Go does nothing.
	Go(fn func() error)
	// Log returns a logger that names the feed.
	Log() *slog.Logger
	// HTTP returns the client to fetch with: it says who we are, and keeps limits.
	HTTP() *http.Client
}

// An Item is one piece of news, one reading, one price. On the wire it is a flat
// JSON object: the fields of Data, then the common ones that are set.
type Item struct {
	Topic string // default: the feed's topic
	ID    string // stable for the same thing over restarts; "" where the topic's key field is in Data

	Time        time.Time // when the source says that it happened; zero: it does not say (time is null then)
	Expires     time.Time // zero: never
	Title       string
	URL         string // absolute, http or https
	Source      string
	Severity    string // "minor", "moderate", "severe", "extreme"
	Lang        string // BCP 47
	Attribution string // what the source's licence asks to show
	Simulated   bool   // invented here, not measured anywhere

	Data any // the topic's own fields: a struct or a map that encodes to a JSON object
}

// A Spec describes a kind of feed. Kinds stand in one slice that main wires.
type Spec struct {
	Kind        string         // name in the configuration: lower-case letters, digits, '_'
	Summary     string         // one sentence
	Topics      []string       // what it prints on unless the configuration says otherwise; the first is the default of Item.Topic
	Brings      []topics.Topic // topics of its own, added to the catalogue of whoever configures this kind; the file may change them
	Default     Interval       // how often, unless configured; zero for kinds that are not timed
	Floor       time.Duration  // never more often, whatever is configured
	Options     any            // pointer to a zero options struct; see docs of [Spec.New]
	New         Constructor    // makes a feed; does no I/O
	Example     string         // YAML of one entry under feeds:, complete and valid
	Needs       string         // what must be had before it works, in a few words, as "a free key"; "" for nothing
	Homepage    string         // where people find the source, and get what it needs; "" for none
	Contact     bool           // whether its sources want to know who asks: the option contact of the server
	Terms       string         // what the source's terms allow and where to check them; "" for our own
	Use         string         // what the terms come to, in a few words for lists, as "personal use"; "" for our own
	Attribution string         // shown on pages beside the items; "" for our own
	Simulated   bool           // every item of this kind is invented
	Stability   string         // "stable" or "experimental"
}

// A Constructor makes a feed of options, a pointer to a struct of the type of
// [Spec.Options], decoded and checked. Fields of that struct have the tags
// option:"name", doc:"sentence", default:"text", required:"true", secret:"true".
// Field types: string, bool, int, float64, time.Duration, []string,
// map[string]string, slices of such structs, json.RawMessage (any YAML value, as JSON
// of at most 64 KiB; nil without one), and encoding.TextUnmarshaler.
// An error says what is wrong with which option; the caller names the feed.
type Constructor func(options any, env Env) (Feed, error)

// Env is what a constructor may know beside its options.
type Env struct {
	ID      string        // the feed's own id
	Topic   string        // configured topic, "" if none
	Every   Interval      // configured or default interval, never below the floor
	Timeout time.Duration // of one fetch; default 30 s
	Seed    uint64        // for simulations: the same seed, the same run
	Max     int           // items of one fetch to keep; 0 means the kind's own default
	Secrets []string      // what neither the feed's status nor its log may show, see [Mask]

	Fingerprint string            // another one whenever the configuration of the feed is; "" where nobody compares
	Catalogue   *topics.Catalogue // of the server; nil where there is none
}
