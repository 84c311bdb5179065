package main

import (
	"log/slog"
	"reflect"
	"time"

	"tickertape/topics"
	"tickertape/topics/natslog"
)

// envPrefix begins the name of every environment variable that is ours.
const envPrefix = "TICKERTAPE_"

// Config is what the program runs with: the defaults, changed by the file, then by
// the environment, then by the command line. The file, the variables, the flags,
// the help and the table in the README all come from the tags below; see [option].
type Config struct {
	Listen string `option:"listen" value:"ADDRESS" default:":8080" form:"address" doc:"Address of the public listener: streams, publishing and pages."`
	Admin  string `option:"admin" value:"ADDRESS" default:"127.0.0.1:8081" form:"address?" doc:"Address of the admin listener: metrics, streams and profiles, without a password. Empty turns it off."`
	Data   string `option:"data" value:"FOLDER" default:"./tickertape-data" form:"path" doc:"Folder of the log and of the publish key; made at the first start."`
	File   string `option:"config" value:"FILE" only:"env,flag" doc:"Configuration file (YAML)."`
	NATS   string `option:"nats" value:"URL" form:"servers?" doc:"NATS servers with JetStream to keep the log in, as nats://HOST:PORT, in place of the built-in one."`

	PublishKey     Secret `option:"publish_key" only:"file,env" secret:"true" form:"key?" doc:"Key that publishers send. Without one, a random key is made at the first start and kept in the data folder."`
	Demo           bool   `option:"demo" default:"false" doc:"Let everybody who can reach the server write on the topic chat without a key. The page shows it; writing is by POST /latest/chat."`
	Contact        string `option:"contact" value:"ADDRESS" form:"contact?" doc:"Your mail or web address, told to the sources that feeds fetch from: many refuse whoever does not say it."`
	PrivateSources bool   `option:"private_sources" default:"false" doc:"Let every feed reach private addresses (10.x, 192.168.x, localhost and their like), by redirects and by name. Otherwise only a feed whose own address names such a host can, and that host alone."`
	Seed           uint64 `option:"seed" default:"0" doc:"Number that makes simulations repeat themselves; 0 makes each start different."`

	LogFormat string     `option:"log_format" default:"text" choices:"text,json" doc:"Form of the program's own log."`
	LogLevel  slog.Level `option:"log_level" default:"info" choices:"debug,info,warn,error" doc:"Least important line of the program's own log."`

	Sync           natslog.Sync  `option:"sync" value:"always|DURATION" default:"always" doc:"How soon an acknowledged event is on the disk: always (before it is acknowledged), or within a duration from 100ms to 1h."`
	RetentionAge   time.Duration `option:"retention_age" default:"168h" min:"1m" doc:"Events older than this leave the log; the last value of each key stays."`
	RetentionBytes Size          `option:"retention_bytes" default:"1GiB" min:"1MiB" doc:"Size of the log from which on the oldest events leave it."`
	TapeEvents     int           `option:"tape_events" default:"65536" min:"16" max:"16777216" doc:"Recent events kept in memory, from which readers are served."`
	TapeBytes      Size          `option:"tape_bytes" default:"64MiB" min:"1MiB" max:"64GiB" doc:"Memory for those events."`

	TLSCert string `option:"tls_cert" value:"FILE" doc:"Certificate of the public listener (PEM, with its chain); the listener then speaks HTTPS and HTTP/2."`
	TLSKey  string `option:"tls_key" value:"FILE" doc:"Private key of that certificate (PEM)."`

	IO                  string        `option:"io" default:"auto" choices:"auto,epoll,io_uring,goroutine" doc:"How streams are written: auto (io_uring where the kernel permits it, otherwise epoll), one of the two, or a goroutine for each stream."`
	MaxStreams          int           `option:"max_streams" default:"0" min:"0" doc:"Streams open at once, beyond which readers are asked to come back later; 0: as many as the limit on open files allows."`
	MaxStreamsOfAddress int           `option:"max_streams_per_address" default:"0" min:"0" doc:"Streams of one address, or of one IPv6 /64; 0: no bound."`
	ConnectRate         float64       `option:"connect_rate" default:"0" min:"0" doc:"New streams a second; 0: no bound."`
	MaxAge              time.Duration `option:"max_age" default:"0s" max:"720h" doc:"Streams end, and their readers come back, after 80 to 100 % of this; 0s: never."`
	Drain               time.Duration `option:"drain" default:"3s" max:"5s" doc:"Time over which the streams are let go when the program stops."`
	DrainSpread         time.Duration `option:"drain_spread" default:"10s" min:"1s" max:"10m" doc:"Time within which readers are then asked to come back, each at a moment of its own."`
	TrustedProxies      []string      `option:"trusted_proxies" value:"NETWORKS" form:"network" doc:"Proxies in front, as 10.0.0.0/8 or 192.0.2.1, whose X-Forwarded-For says the address of a reader."`

	MaxBody     Size          `option:"max_body" default:"4MiB" min:"1KiB" max:"256MiB" doc:"Largest body of one publish."`
	Heartbeat   time.Duration `option:"heartbeat" default:"15s" min:"1s" max:"10m" doc:"Silence on a stream after which a heartbeat is sent. Keep it below the timeout of any proxy in front."`
	Stall       time.Duration `option:"stall" default:"5m" min:"1s" max:"24h" doc:"How long a write may wait for a reader that does not read before its connection is closed."`
	CORSOrigins []string      `option:"cors_origins" value:"ORIGINS" form:"origin" doc:"Origins whose pages may read the streams, use the ticker element and frame /kiosk and /embed, as https://example.org; * for all. Pages of this server always may."`

	// Topics is the catalogue: the default one with the file's changes and additions.
	Topics []topics.Topic
	// Catalogue is the same, checked; nil if there are mistakes in it.
	Catalogue *topics.Catalogue
	// Feeds is what the file's feeds, or the default ones, became; constructed, not running.
	Feeds []ConfiguredFeed

	warnings Mistakes // what is no mistake, and could be better

	origins map[string]string // where the value of an option comes from, by its name; absent: default
}

// A sections holds the parts of the file that are not options.
type sections struct {
	Topics rawNode `option:"topics" only:"file" doc:"Topics, added to the default catalogue or changing an entry of it."`
	Feeds  rawNode `option:"feeds" only:"file" doc:"Feeds to run, in place of the default ones; [] for none."`
}

// defaultConfig returns the configuration of a start without file, environment and
// flags, without topics and feeds.
func defaultConfig() Config {
	cfg := Config{origins: make(map[string]string)}
	if err := setDefaults(reflect.ValueOf(&cfg)); err != nil {
		panic("config: " + err.Error()) // a wrong tag above; TestDefaults finds it
	}
	return cfg
}

// configOptions describes the options of [Config].
func configOptions() []option { return optionsOf(reflect.TypeFor[Config]()) }

// Setting is one option with its value, to be shown to people.
type Setting struct {
	Name   string // as in the file
	Value  string // as a person would write it; secrets are masked
	Origin string // "default", "file", "environment" or "flag"
}

// Settings returns all options in their order.
func (c *Config) Settings() []Setting {
	v := reflect.ValueOf(c).Elem()
	var list []Setting
	for _, o := range configOptions() {
		origin := c.origins[o.name]
		if origin == "" {
			origin = "default"
		}
		list = append(list, Setting{o.name, o.show(v.FieldByIndex(o.index)), origin})
	}
	return list
}

// LogValue shows what differs from the defaults; secrets are masked.
func (c Config) LogValue() slog.Value {
	var attrs []slog.Attr
	for _, s := range c.Settings() {
		if s.Origin != "default" {
			attrs = append(attrs, slog.String(s.Name, s.Value))
		}
	}
	return slog.GroupValue(attrs...)
}
