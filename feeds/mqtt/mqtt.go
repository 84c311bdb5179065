package mqtt

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"tickertape/feeds"
	"tickertape/feeds/jsonmap"
	"tickertape/topics"
)

const maxFilters = 50

// Values of options that are words.
const (
	asJSON  = "json"
	asText  = "text"
	keep    = "keep"
	dated   = "dated"
	drop    = "drop"
	note    = "note"
	retract = "retract"
)

// Options of a feed of kind mqtt.
type Options struct {
	URL       string   `option:"url" doc:"Address of the broker: mqtt://host, or mqtts://host for TLS; the ports are 1883 and 8883 unless it says another." required:"true"`
	Subscribe []string `option:"subscribe" doc:"Topic filters of MQTT to subscribe to, such as home/+/weather; at most 50." required:"true"`
	Username  string   `option:"username" doc:"User name at the broker."`
	Password  string   `option:"password" doc:"Password at the broker." secret:"true"`
	ClientID  string   `option:"client_id" doc:"Client id, where the broker wants a certain one; a new one for each connection unless set."`
	CA        string   `option:"ca" doc:"Certificates in PEM to trust in place of the system's, for a broker with its own authority."`
	QoS       int      `option:"qos" doc:"0: a message may be lost; 1: it comes at least once, repeated ones are dropped." default:"0" min:"0" max:"1"`
	Payload   string   `option:"payload" doc:"What messages hold: json, or text, which stands for itself." default:"json" choices:"json,text"`
	Retained  string   `option:"retained" doc:"Of messages that the broker has kept, whose age nobody knows: keep takes them, dated those alone that say their time, drop none." default:"keep" choices:"keep,dated,drop"`

	Availability string `option:"availability_topic" doc:"Topic of MQTT on which the device, or its last will, says whether it is there."`
	Online       string `option:"online" doc:"What is said there when it is." default:"online"`
	Offline      string `option:"offline" doc:"What is said there when it is not." default:"offline"`
	OnOffline    string `option:"on_offline" doc:"When the device is not there: note shows it in the feed's state, retract withdraws the feed's values as well." default:"note" choices:"note,retract"`

	jsonmap.Options
}

// Spec describes the kind.
func Spec() feeds.Spec {
	return feeds.Spec{
		Kind:    "mqtt",
		Summary: "Items of messages at an MQTT 5 broker, such as sensors of a house.",
		Floor:   time.Second,
		Options: &Options{},
		New:     New,
		Example: `- id: garden
  kind: mqtt
  topic: weather
  url: mqtts://broker.example
  username: tape
  password: ${MQTT_PASSWORD}
  subscribe: [home/+/weather]
  map:
    location: $.levels[1]
    temperature: '@.temp_c'
    time: '@.ts'
  time_format: unix
  availability_topic: home/gateway/status
  ttl: 1h
`,
		Needs:     "a broker that speaks MQTT 5",
		Use:       "the source's",
		Stability: "experimental",
	}
}

// A feed reads what is published at one broker. Run is not called twice at a time.
type feed struct {
	// Static after construction.
	opts    Options
	env     feeds.Env
	address string      // host and port
	tls     *tls.Config // nil: without TLS
	mapper  *jsonmap.Mapper
	key     string // field that is the key of the topic; "" if it has none
	latest  bool   // only the newest value of a key counts
	dial    func(ctx context.Context) (net.Conn, error)
}

// New makes a feed of options, an [*Options]; it does not connect. The error names all
// that is wrong.
func New(options any, env feeds.Env) (feeds.Feed, error) {
	o, ok := options.(*Options)
	if !ok {
		return nil, fmt.Errorf("options are a %T", options)
	}
	f := &feed{opts: *o, env: env}
	f.opts.complete()
	var errs []error
	add := func(err error) {
		if err != nil {
			errs = append(errs, err)
		}
	}
	add(f.setAddress())
	add(f.opts.check())
	var err error
	f.mapper, err = jsonmap.New(o.Options, env.Catalogue, env.Topic)
	add(err)
	if env.Catalogue != nil {
		if t, err := env.Catalogue.Lookup(env.Topic); err == nil {
			f.key, f.latest = t.Key, t.Mode == topics.Latest
		}
	}
	f.dial = f.dialNetwork
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return f, nil
}

func (o *Options) complete() {
	o.Payload = cmp.Or(o.Payload, asJSON)
	o.Retained = cmp.Or(o.Retained, keep)
	o.Online = cmp.Or(o.Online, "online")
	o.Offline = cmp.Or(o.Offline, "offline")
	o.OnOffline = cmp.Or(o.OnOffline, note)
}

func (o *Options) check() error {
	switch {
	case len(o.Subscribe) == 0:
		return errors.New("subscribe is empty: want at least one topic filter, as in subscribe: [home/+/weather]")
	case len(o.Subscribe) > maxFilters:
		return fmt.Errorf("subscribe lists %d filters, at most %d are allowed", len(o.Subscribe), maxFilters)
	case o.Password != "" && o.Username == "":
		return errors.New("a password needs a username")
	case o.QoS < 0 || o.QoS > 1:
		return fmt.Errorf("qos %d: want 0 or 1", o.QoS)
	case o.Online == o.Offline:
		return errors.New("online and offline are the same")
	case o.OnOffline == retract && o.Availability == "":
		return errors.New("on_offline: retract needs an availability_topic")
	case len(o.ClientID) > 128 || !utf8.ValidString(o.ClientID):
		return errors.New("client_id: want at most 128 bytes of UTF-8")
	}
	for _, word := range []struct {
		option, value string
		choices       []string
	}{{"payload", o.Payload, []string{asJSON, asText}}, {"retained", o.Retained, []string{keep, dated, drop}}, {"on_offline", o.OnOffline, []string{note, retract}}} {
		if !slices.Contains(word.choices, word.value) {
			return fmt.Errorf("%s %.40q: want one of %s", word.option, word.value, strings.Join(word.choices, ", "))
		}
	}
	for i, filter := range o.Subscribe {
		if err := checkFilter(filter); err != nil {
			return fmt.Errorf("subscribe %.80q: %w", filter, err)
		}
		if slices.Contains(o.Subscribe[:i], filter) {
			return fmt.Errorf("subscribe lists %.80q twice", filter)
		}
	}
	if o.Availability != "" && (checkFilter(o.Availability) != nil || strings.ContainsAny(o.Availability, "+#")) {
		return fmt.Errorf("availability_topic %.80q: want a topic of MQTT without + and #", o.Availability)
	}
	return nil
}

// checkFilter checks a topic filter by the rules of MQTT.
func checkFilter(filter string) error {
	if filter == "" || len(filter) > 1024 || !utf8.ValidString(filter) || strings.ContainsRune(filter, 0) {
		return errors.New("want 1 to 1024 bytes of UTF-8")
	}
	levels := strings.Split(filter, "/")
	for i, level := range levels {
		switch {
		case strings.Contains(level, "#") && (level != "#" || i < len(levels)-1):
			return errors.New("# stands for all that follows: want it alone in the last level, as in home/#")
		case strings.Contains(level, "+") && level != "+":
			return errors.New("+ stands for a level: want it alone in one, as in home/+/weather")
		}
	}
	return nil
}

// setAddress reads url and ca.
func (f *feed) setAddress() error {
	u, err := url.Parse(f.opts.URL)
	if err != nil || u.Hostname() == "" || (u.Path != "" && u.Path != "/") || u.RawQuery != "" {
		return errors.New("url: want mqtt://host or mqtts://host, with a port where it is not 1883 or 8883")
	}
	if u.User != nil {
		return errors.New("url: user name and password go into the options username and password")
	}
	port := ""
	switch u.Scheme {
	case "mqtt", "tcp":
		port = "1883"
	case "mqtts", "ssl", "tls":
		port = "8883"
		f.tls = &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12}
	default:
		return fmt.Errorf("url: scheme %.20q: want mqtt, or mqtts for TLS", u.Scheme)
	}
	f.address = net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), port))
	if f.opts.CA == "" {
		return nil
	}
	if f.tls == nil {
		return errors.New("ca is for TLS, which a url with mqtts:// has")
	}
	f.tls.RootCAs = x509.NewCertPool()
	if !f.tls.RootCAs.AppendCertsFromPEM([]byte(f.opts.CA)) {
		return errors.New("ca: want certificates in PEM, the text that begins with -----BEGIN CERTIFICATE-----")
	}
	return nil
}

// dialNetwork connects to the broker.
func (f *feed) dialNetwork(ctx context.Context) (net.Conn, error) {
	if f.tls != nil {
		return (&tls.Dialer{Config: f.tls}).DialContext(ctx, "tcp", f.address)
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", f.address)
}
