package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"tickertape/feeds"
)

// tideOptions are those of a made-up kind with an option of every type.
type tideOptions struct {
	URL     string            `option:"url" required:"true" doc:"Where the tides are."`
	Token   string            `option:"token" secret:"true" doc:"Key of the source."`
	Depth   float64           `option:"depth" default:"1.5" doc:"Metres."`
	Count   int               `option:"count" default:"3" min:"1" max:"9" doc:"How many."`
	Strict  bool              `option:"strict" default:"true" doc:"Refuse oddities."`
	Pause   time.Duration     `option:"pause" default:"2s" doc:"Between two."`
	Near    feeds.Interval    `option:"near" default:"1s-2s" doc:"A range."`
	Tags    []string          `option:"tags" default:"low, high" doc:"Labels."`
	Headers map[string]string `option:"headers" secret:"true" doc:"Sent along."`
	Places  []tidePlace       `option:"places" doc:"Where."`
}

type tidePlace struct {
	Name string  `option:"name" required:"true" doc:"What it is called."`
	Lat  float64 `option:"lat" default:"50" doc:"Degrees north."`
}

// A fakeFeed calls run.
type fakeFeed struct {
	options any
	run     func(ctx context.Context, pub feeds.Publisher) error
}

func (f *fakeFeed) Run(ctx context.Context, pub feeds.Publisher) error { return f.run(ctx, pub) }

func idle(ctx context.Context, _ feeds.Publisher) error {
	<-ctx.Done()
	return nil
}

// fakeKind returns a spec whose feeds do run.
func fakeKind(kind string, options any, run func(context.Context, feeds.Publisher) error) feeds.Spec {
	return feeds.Spec{
		Kind: kind, Summary: "Made up for tests.", Topics: []string{"weather"}, Options: options,
		Default: feeds.Interval{Min: time.Minute, Max: time.Minute}, Floor: 10 * time.Second,
		New: func(options any, env feeds.Env) (feeds.Feed, error) {
			if o, ok := options.(*tideOptions); ok && o.URL == "bad" {
				return nil, errors.New("the url is bad")
			}
			return &fakeFeed{options, run}, nil
		},
		Example: "- kind: " + kind + "\n",
	}
}

func fakeKinds() []feeds.Spec {
	return []feeds.Spec{
		fakeKind("tides", &tideOptions{}, idle),
		fakeKind("clock", nil, idle),
		fakeKind("random", &struct{}{}, idle),
	}
}

// start describes a start of the program in a test.
type start struct {
	args  []string
	env   []string
	files map[string]string
	kinds []feeds.Spec // default: fakeKinds
}

func (s start) inputs() Inputs {
	kinds := s.kinds
	if kinds == nil {
		kinds = fakeKinds()
	}
	return Inputs{Args: s.args, Environ: s.env, Kinds: kinds, ReadFile: func(name string) ([]byte, error) {
		if text, ok := s.files[name]; ok {
			return []byte(text), nil
		}
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}}
}

// withFile is a start with one configuration file.
func withFile(text string, env ...string) start {
	return start{args: []string{"--config", "t.yaml"}, env: env, files: map[string]string{"t.yaml": text}}
}

// mustParse returns the configuration of a start without mistakes.
func mustParse(t *testing.T, s start) Config {
	t.Helper()
	inv, err := parse(s.inputs())
	if err != nil {
		t.Fatalf("parse(%q): %v", s.args, err)
	}
	return inv.Config
}

// wantMistakes checks the lines of the error of a start.
func wantMistakes(t *testing.T, s start, want ...string) {
	t.Helper()
	_, err := parse(s.inputs())
	if err == nil {
		t.Fatalf("no mistakes; want\n%s", strings.Join(want, "\n"))
	}
	if got := strings.Split(err.Error(), "\n"); !reflect.DeepEqual(got, want) {
		t.Errorf("mistakes:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestDefaults(t *testing.T) {
	cfg := mustParse(t, start{})
	if cfg.Listen != ":8080" || cfg.Admin != "127.0.0.1:8081" || cfg.Data != "./tickertape-data" || cfg.Sync != 0 ||
		cfg.RetentionAge != 168*time.Hour || cfg.RetentionBytes != 1<<30 || cfg.TapeEvents != 65536 || cfg.TapeBytes != 64<<20 ||
		cfg.MaxBody != 4<<20 || cfg.Heartbeat != 15*time.Second || cfg.Stall != 5*time.Minute || cfg.Demo || cfg.NATS != "" {
		t.Errorf("defaults: %+v", cfg)
	}
	for _, o := range configOptions() {
		if o.doc == "" || !strings.HasSuffix(o.doc, ".") {
			t.Errorf("option %s: its doc is not a sentence: %q", o.name, o.doc)
		}
	}
	var ids []string
	for _, f := range cfg.Feeds {
		ids = append(ids, f.Env.ID)
	}
	if got := strings.Join(ids, " "); got != "random clock" {
		t.Errorf("default feeds that exist here: %s", got)
	}
}

func TestPrecedence(t *testing.T) {
	const file = "retention_age: 1h\nheartbeat: 20s\nlisten: \":1\"\ncors_origins: [https://a.example]\n"
	for _, tt := range []struct {
		name   string
		env    []string
		args   []string
		age    time.Duration
		origin string
	}{
		{"file", nil, nil, time.Hour, "file"},
		{"environment over file", []string{"TICKERTAPE_RETENTION_AGE=2h"}, nil, 2 * time.Hour, "environment"},
		{"flag over both", []string{"TICKERTAPE_RETENTION_AGE=2h"}, []string{"--retention-age=3h"}, 3 * time.Hour, "flag"},
		{"last flag", nil, []string{"--retention-age", "3h", "-retention-age", "4h"}, 4 * time.Hour, "flag"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := withFile(file, tt.env...)
			s.args = append(s.args, tt.args...)
			cfg := mustParse(t, s)
			if cfg.RetentionAge != tt.age || cfg.origins["retention_age"] != tt.origin {
				t.Errorf("retention_age = %v from %s, want %v from %s", cfg.RetentionAge, cfg.origins["retention_age"], tt.age, tt.origin)
			}
			if cfg.Heartbeat != 20*time.Second || cfg.Listen != ":1" || cfg.CORSOrigins[0] != "https://a.example" {
				t.Errorf("the rest of the file is lost: %+v", cfg)
			}
		})
	}
	t.Run("file named by the environment", func(t *testing.T) {
		s := withFile(file)
		s.args, s.env = nil, []string{"TICKERTAPE_CONFIG=t.yaml"}
		if cfg := mustParse(t, s); cfg.RetentionAge != time.Hour || cfg.File != "t.yaml" {
			t.Errorf("retention_age %v, file %q", cfg.RetentionAge, cfg.File)
		}
	})
}

// Every option can be given in each of its places, under its one name.
func TestThreeSpellings(t *testing.T) {
	samples := map[string]string{
		"listen": "127.0.0.1:9", "admin": "", "data": "/d", "nats": "nats://u:p@h:4222", "publish_key": "k3y",
		"demo": "true", "seed": "7", "log_format": "json", "log_level": "debug", "sync": "10s", "retention_age": "9h",
		"retention_bytes": "9MiB", "tape_events": "99", "tape_bytes": "9MiB", "max_body": "9KiB", "heartbeat": "9s",
		"stall": "9s", "cors_origins": "https://a.example", "io": "epoll",
		"max_streams": "9", "max_streams_per_address": "9", "connect_rate": "9.5", "max_age": "9h", "drain": "1s",
		"drain_spread": "9s", "trusted_proxies": "10.0.0.0/8", "contact": "tape@example.org", "private_sources": "true",
	}
	for _, o := range configOptions() {
		value, ok := samples[o.name]
		if !ok && !slices.Contains([]string{"config", "tls_cert", "tls_key"}, o.name) { // for the last two: TestCertificate
			t.Errorf("no sample for option %s", o.name)
		}
		if !ok {
			continue
		}
		node := fmt.Sprintf("%q", value)
		if o.typ.Kind() == reflect.Slice {
			node = "[" + node + "]"
		}
		for place, s := range map[string]start{
			"file": withFile(o.name + ": " + node + "\n"),
			"env":  {env: []string{o.variable() + "=" + value}},
			"flag": {args: []string{"--" + o.flag() + "=" + value}},
		} {
			if !o.allows(place) {
				if _, err := parse(s.inputs()); err == nil {
					t.Errorf("option %s is accepted in %s", o.name, place)
				}
				continue
			}
			cfg := mustParse(t, s)
			shown := value
			switch o.name {
			case "publish_key":
				shown = "***"
			case "nats":
				shown = "nats://***@h:4222"
			}
			for _, setting := range cfg.Settings() {
				if setting.Name == o.name && (setting.Value != shown || setting.Origin == "default") {
					t.Errorf("option %s in %s = %q from %s, want %q", o.name, place, setting.Value, setting.Origin, shown)
				}
			}
		}
	}
}

func TestEnvironment(t *testing.T) {
	t.Run("unknown", func(t *testing.T) {
		wantMistakes(t, start{env: []string{"TICKERTAPE_RETENSION_AGE=1h", "TICKERTAPE_XYZZY=1", "PATH=/bin"}},
			"unknown environment variable TICKERTAPE_RETENSION_AGE; did you mean TICKERTAPE_RETENTION_AGE?",
			"unknown environment variable TICKERTAPE_XYZZY; tickertape --help shows all that begin with TICKERTAPE_")
	})
	t.Run("bad value", func(t *testing.T) {
		wantMistakes(t, start{env: []string{"TICKERTAPE_HEARTBEAT=15", "TICKERTAPE_SYNC=never"}},
			`TICKERTAPE_SYNC: "never" is not right: want always, or a duration from 100ms to 1h such as 10s`,
			`TICKERTAPE_HEARTBEAT: "15" is not right: want a duration: a number with a unit, such as 30s, 5m or 24h`)
	})
	t.Run("kubernetes", func(t *testing.T) {
		mustParse(t, start{env: []string{
			"TICKERTAPE_SERVICE_HOST=10.0.0.1", "TICKERTAPE_SERVICE_PORT=8080", "TICKERTAPE_SERVICE_PORT_HTTP=8080",
			"TICKERTAPE_PORT=tcp://10.0.0.1:8080", "TICKERTAPE_PORT_8080_TCP=tcp://10.0.0.1:8080",
			"TICKERTAPE_PORT_8080_TCP_PROTO=tcp", "TICKERTAPE_ADMIN_SERVICE_HOST=10.0.0.2",
		}})
	})
	t.Run("secret of the file", func(t *testing.T) {
		s := withFile("feeds:\n- {kind: tides, url: u, token: \"${TICKERTAPE_TIDES}\"}\n", "TICKERTAPE_TIDES=abc")
		mustParse(t, s)
	})
}

func TestSecretsStayHidden(t *testing.T) {
	const key = "hunter22"
	cfg := mustParse(t, withFile("publish_key: ${KEY}\n", "KEY="+key))
	if string(cfg.PublishKey) != key {
		t.Fatalf("publish key = %q", string(cfg.PublishKey))
	}
	for _, shown := range []string{fmt.Sprint(cfg), fmt.Sprintf("%+v", cfg), fmt.Sprintf("%#v", cfg), cfg.LogValue().String(), fmt.Sprint(cfg.Settings())} {
		if strings.Contains(shown, key) {
			t.Errorf("the key is shown: %s", shown)
		}
	}
	for _, s := range []start{
		{env: []string{"TICKERTAPE_PUBLISH_KEY=hunter22 \n"}},
		{args: []string{"--publish-key=hunter22"}},
		{args: []string{"--nats", "u:hunter22@host"}},
	} {
		if _, err := parse(s.inputs()); err == nil || strings.Contains(err.Error(), key) {
			t.Errorf("parse(%q, %q) = %v; want an error without the key", s.args, s.env, err)
		}
	}
}
