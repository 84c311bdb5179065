package eventsource

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"tickertape/feeds"
	"tickertape/feeds/jsonmap"
)

// The presets.
const (
	wikimedia  = "wikimedia"
	tickertape = "tickertape"
)

// The forms of an event's data.
const (
	dataJSON = "json"
	dataText = "text"
)

// Options of a feed of kind sse.
type Options struct {
	Preset  string            `option:"preset" doc:"What is known of the source: wikimedia prints edits of Wikipedia; tickertape relays another tickertape, whose address url is." choices:"wikimedia,tickertape"`
	URL     string            `option:"url" doc:"Address of the stream; ${NAME} in it is taken from the environment. Required without a preset, and with the preset tickertape." secret:"true"`
	Headers map[string]string `option:"headers" doc:"Headers of the request, as in Authorization: Bearer ${KEY}." secret:"true"`
	Events  []string          `option:"events" doc:"Names of the events to take; one without a name is called message. All unless set."`
	Data    string            `option:"data" doc:"What the data of an event is: json or text." choices:"json,text" default:"json"`
	Sample  time.Duration     `option:"sample" doc:"At most one item in this time; the others are left out. 0s: all are taken, but with the preset wikimedia one in 5s." default:"0s"`
	Resume  bool              `option:"resume" doc:"Whether to go on, after a restart of the server, where the feed was; otherwise it begins with what comes then. A relay always does."`
	Since   string            `option:"since" doc:"With the preset wikimedia, where to begin: a time of RFC 3339, or a duration such as 15m; now unless set."`
	Idle    time.Duration     `option:"idle" doc:"Silence after which a connection is taken for dead and made anew." default:"90s" min:"5s" max:"1h"`
	Topics  map[string]string `option:"topics" doc:"With the preset tickertape, the topics to relay, each with its name here, as in {news: news, stock: shares}; all that both have unless set."`

	jsonmap.Options
}

// printsOn is what the kind prints on unless the configuration says otherwise.
var printsOn = []string{"news"}

// Spec describes the kind, which reads streams by wire.
func Spec(wire Wire) feeds.Spec {
	return feeds.Spec{
		Kind:    "sse",
		Summary: "Items of any stream of Server-Sent Events: edits of Wikipedia, another tickertape, or your own.",
		Topics:  printsOn,
		Options: &Options{},
		New:     func(options any, env feeds.Env) (feeds.Feed, error) { return newFeed(wire, options, env) },
		Example: `- id: edits
  kind: sse
  preset: wikimedia
`,
		Needs:     "`contact` with `preset: wikimedia`",
		Contact:   true,
		Use:       "the source's",
		Stability: "stable",
	}
}

// newFeed makes a feed of options, an [*Options]. It connects to nothing.
func newFeed(wire Wire, options any, env feeds.Env) (feeds.Feed, error) {
	o, ok := options.(*Options)
	if !ok {
		return nil, fmt.Errorf("options are a %T", options)
	}
	header, err := feeds.RequestHeader(o.Headers)
	errs := []error{err}
	if header.Get("Last-Event-ID") != "" {
		errs = append(errs, errors.New("headers: Last-Event-ID is the feed's own: see the option resume"))
	}
	if env.Every.Max > 0 {
		errs = append(errs, errors.New("every: a stream comes by itself; the option sample takes fewer of its events"))
	}
	c := *o
	var feed feeds.Feed
	switch c.Preset {
	case tickertape:
		feed, err = newRelay(&c, env, header)
	case wikimedia:
		c.setWikimedia()
		feed, err = newFollower(wire, &c, env, header)
	case "":
		feed, err = newFollower(wire, &c, env, header)
	default:
		err = fmt.Errorf("preset %q: want %s or %s", c.Preset, wikimedia, tickertape)
	}
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, err
	}
	return feed, nil
}

// newFollower makes a feed that takes its items by paths.
func newFollower(wire Wire, o *Options, env feeds.Env, header http.Header) (feeds.Feed, error) {
	f := &follower{
		wire: wire, name: cmp.Or(o.Preset, "source"), url: o.URL, header: header, idle: cmp.Or(o.Idle, 90*time.Second),
		text: o.Data == dataText, sample: o.Sample, resume: o.Resume,
	}
	var errs []error
	if err := checkURL(o.URL); err != nil {
		errs = append(errs, err)
	}
	if len(o.Topics) > 0 {
		errs = append(errs, fmt.Errorf("topics: for the preset %s alone; here the option topic says where to print", tickertape))
	}
	if o.Sample < 0 {
		errs = append(errs, fmt.Errorf("sample %s: want none below zero", o.Sample))
	}
	if f.text && len(o.Map) == 0 {
		errs = append(errs, errors.New("data is text: it needs a map, as in {title: $.data}"))
	}
	if len(o.Events) > 0 {
		f.events = make(map[string]bool, len(o.Events))
		for _, name := range o.Events {
			f.events[name] = true
		}
	}
	var err error
	if f.mapper, err = jsonmap.New(o.Options, env.Catalogue, cmp.Or(env.Topic, "news")); err != nil {
		errs = append(errs, err)
	}
	switch {
	case o.Preset == wikimedia:
		f.since, err = parseSince(o.Since)
		f.drop = canary()
	case o.Since != "":
		err = fmt.Errorf("since: for the preset %s alone; another source may take it in its address", wikimedia)
	}
	return f, errors.Join(append(errs, err)...)
}

// checkURL shows nothing of the address: a key may stand in it.
func checkURL(address string) error {
	u, err := url.Parse(address)
	switch {
	case address == "":
		return errors.New("url is missing: the address of the stream, as in https://example.org/events")
	case err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http"):
		return errors.New("url (not shown): want a whole address, as in https://example.org/events")
	}
	return nil
}
