package eventsource

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"tickertape/feeds"
	"tickertape/topics"
)

const (
	relayPause = time.Second      // after the first failure; it is ours to be fast with
	relayMost  = 15 * time.Second // between two attempts
)

// A relay prints what another tickertape prints: each event once, in its order, as it
// is there. It reads the NDJSON face of the stream, which in contrast to that of browsers
// tells the key of each event.
type relay struct {
	// Immutable.
	tape      Tape              // without its client
	topics    map[string]string // there -> here; empty: all
	catalogue *topics.Catalogue // may be nil

	// Owned by Run.
	pauses   pauses
	reported string        // what was last said of topics
	bye      time.Duration // pause that the source asked for; 0: none
	signed   time.Time     // when the supervisor was last told that it lives
	relayed  uint64        // events
	refused  uint64        // events that do not fit here
	astray   uint64        // retractions of events that are not known here any more
	gaps     uint64        // times that the source did not have what followed
	ids      idMap
}

// newRelay refuses the options that a relay would ignore.
func newRelay(o *Options, env feeds.Env, header http.Header) (feeds.Feed, error) {
	var errs []error
	if err := checkURL(o.URL); err != nil {
		errs = append(errs, err)
	}
	base, err := url.Parse(o.URL)
	if err == nil && (base.RawQuery != "" || strings.HasSuffix(base.Path, "/latest")) {
		errs = append(errs, errors.New("url (not shown): want the address of the server, as in http://tape.example:8080, without /latest and a query"))
	}
	for name, set := range map[string]bool{
		"map": len(o.Map) > 0, "where": o.Where != "", "events": len(o.Events) > 0, "sample": o.Sample > 0,
		"since": o.Since != "", "data": o.Data == dataText,
	} {
		if set {
			errs = append(errs, fmt.Errorf("%s: a relay passes on every event as it is", name))
		}
	}
	if env.Topic != "" {
		errs = append(errs, fmt.Errorf("topic: a relay has the option topics, as in topics: {news: %s}", env.Topic))
	}
	if env.Catalogue == nil && len(o.Topics) == 0 {
		errs = append(errs, errors.New("topics: say which to relay"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &relay{
		tape: Tape{Server: base, Header: header}, topics: o.Topics, catalogue: env.Catalogue,
		pauses: pauses{least: relayPause, most: relayMost}, ids: idMap{there: make(map[string]topics.ID)},
	}, nil
}

// Topics returns the topics here that may be printed on, but for that of the kind.
func (r *relay) Topics() []string {
	names := slices.Sorted(maps.Values(r.topics))
	if len(names) == 0 {
		for _, t := range r.catalogue.All() {
			if t.Name != feeds.StatusTopic && !t.Retired {
				names = append(names, t.Name)
			}
		}
	}
	return slices.DeleteFunc(slices.Compact(names), func(name string) bool { return slices.Contains(printsOn, name) })
}

// Run relays over any number of connections, until ctx is done or one was of no use.
func (r *relay) Run(ctx context.Context, pub feeds.Publisher) error {
	log, ok := pub.(feeds.Relayer)
	if !ok {
		return feeds.Fatal(errors.New("a relay stores events as they are: leave the options ttl and on_error out"))
	}
	for {
		began := time.Now()
		s := &session{relay: r, pub: pub, log: log, tape: r.tape}
		s.tape.Client = pub.HTTP()
		err := s.run(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		r.pauses.note(time.Since(began), s.level)
		if !s.level || errors.Is(err, errPublish) {
			return r.pauses.failed(err)
		}
		pub.Log().Info("the stream ended, and goes on where it was", "reason", err)
		wait := r.pauses.next()
		if r.bye > 0 {
			wait, r.bye = r.bye, 0
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// report tells people what is odd about the topics, once.
func (r *relay) report(pub feeds.Publisher, odd string) {
	if odd != r.reported && odd != "" {
		pub.Log().Warn("topics do not fit", "odd", odd)
	}
	r.reported = odd
}

// detail is what the relay says of itself.
func (r *relay) detail() string {
	parts := []string{fmt.Sprintf("%d events relayed", r.relayed)}
	if r.refused > 0 {
		parts = append(parts, fmt.Sprintf("%d that do not fit here", r.refused))
	}
	if r.astray > 0 {
		parts = append(parts, fmt.Sprintf("%d retractions of what is not known here", r.astray))
	}
	if r.gaps > 0 {
		parts = append(parts, fmt.Sprintf("%d times the source had current values only", r.gaps))
	}
	if r.reported != "" {
		parts = append(parts, r.reported)
	}
	return strings.Join(parts, "; ")
}

// A position is where a relay is: an id of the source, which topics it relays, and a
// random word that differs for each fresh start, so that no two events are ever stored
// under the same position.
type position struct{ id, scope, life string }

func parsePosition(text string) position {
	words := strings.Fields(text)
	if len(words) != 3 {
		return position{}
	}
	return position{words[0], words[1], words[2]}
}

func (p position) String() string { return p.id + " " + p.scope + " " + p.life }

// newLife is a word for a fresh start.
func newLife() string { return fmt.Sprintf("%08x", rand.Uint32()) }

// reaches reports whether the position is at or after the event with that id.
func (p position) reaches(id string) bool {
	own, err := topics.ParseID(p.id)
	other, otherErr := topics.ParseID(id)
	return err == nil && otherErr == nil && own.Epoch == other.Epoch && own.Seq >= other.Seq
}

// maxIDs bounds the ids that are remembered of events without a key.
const maxIDs = 1000

// An idMap knows the ids here of events without a key, the newest ones.
type idMap struct {
	there map[string]topics.ID
	order []string // oldest first
}

func (m *idMap) add(there string, here topics.ID) {
	if len(m.order) >= maxIDs {
		delete(m.there, m.order[0])
		m.order = m.order[1:]
	}
	m.there[there] = here
	m.order = append(m.order, there)
}
