package main

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"tickertape/feeds"
	"tickertape/topics"
)

// One file with twenty mistakes gives twenty messages, each with its place, in order.
func TestTwentyMistakes(t *testing.T) {
	const file = `listen: 8080
retension_age: 7 days
retention_age: 7 days
retention_bytes: lots
tape_events: 1
demo: maybe
heartbeat: 15s
heartbeat: 20s
log_format: xml
cors_origins: https://example.org
publish_key: ${NO_SUCH_KEY}
data:
topics:
- name: News
- {name: Harbour, mode: lastest, colour: blue}
- {name: bye}
- {name: pier, schema: {type: nonsense}}
feeds:
- kind: tydes
- {kind: tides, every: 1s, tokn: abc}
- {kind: clock, topic: wether}
- {kind: clock}
`
	wantMistakes(t, withFile(file),
		`t.yaml:1:9: listen: "8080" is not right: want HOST:PORT or :PORT, as in :8080 or 127.0.0.1:8081`,
		`t.yaml:2:1: unknown option "retension_age"; did you mean "retention_age"?`,
		`t.yaml:3:16: retention_age: "7 days" is not right: want a duration: a number with a unit, such as 30s, 5m or 24h`,
		`t.yaml:4:18: retention_bytes: "lots" is not right: want a size such as 64KiB, 512MiB or 1GiB`,
		`t.yaml:5:14: tape_events: "1" is not right: want at least 16`,
		`t.yaml:6:7: demo: "maybe" is not right: want true or false`,
		`t.yaml:8:1: "heartbeat" is given twice, first on line 7`,
		`t.yaml:9:13: log_format: "xml" is not right: want text or json`,
		`t.yaml:10:15: cors_origins: want a list, as in [a, b], or one entry a line after a hyphen`,
		`t.yaml:11:14: publish_key: environment variable NO_SUCH_KEY is not set`,
		`t.yaml:12:6: data has no value; write one, or leave the line out`,
		`t.yaml:14:9: topic name "News": want a lower-case letter, then up to 63 lower-case letters, digits, '-' or '_'`,
		`t.yaml:15:10: topic name "Harbour": want a lower-case letter, then up to 63 lower-case letters, digits, '-' or '_'`,
		`t.yaml:15:25: mode: "lastest" is not right: want every or latest`,
		`t.yaml:15:34: unknown option "colour" of topics; known are description, key, mode, name, public, publish, retired, schema, snapshot`,
		`t.yaml:16:10: topic name "bye" is reserved for the wire; reserved are open, error, message, stream, live, heartbeat, retract, bye`,
		`t.yaml:17:24: schema: at '/type': value must be one of 'array', 'boolean', 'integer', 'null', 'number', 'object', 'string'`,
		`t.yaml:19:9: unknown kind of feed "tydes"; did you mean "tides"?`,
		`t.yaml:20:3: kind tides: option "url" is missing: Where the tides are.`,
		`t.yaml:20:24: every: 1s is too often for kind tides: want at least 10s`,
		`t.yaml:20:28: unknown option "tokn" of kind tides; did you mean "token"?`,
		`t.yaml:21:24: unknown topic "wether"; did you mean "weather"?`,
		`t.yaml:22:3: feed id "clock" is taken by the entry on line 21; give this one an id of its own`,
	)
}

func TestMistakesOfForm(t *testing.T) {
	for _, tt := range []struct{ name, file, want string }{
		{"list", "- a\n", `t.yaml:1:1: want options, one a line, as in: listen: ":8080"`},
		{"syntax", "listen: [\n", `t.yaml:1: not YAML: did not find expected node content`},
		{"list that does not line up", "feeds:\n  - kind: clock\n   id: c\n", `t.yaml:1: not YAML: did not find expected '-' indicator: in the list that begins here, each entry begins with a hyphen, and its options stand in one column`},
		{"options that do not line up", "topics:\n  - name: tides\n    mode: latest\n     key: station\n", `t.yaml:4: not YAML: mapping values are not allowed in this context: a value with a colon and a space in it is put into quotes, and options of one level stand in one column`},
		{"tab", "feeds:\n\t- kind: clock\n", `t.yaml:2: not YAML: found character that cannot start any token: indent with spaces, not tabs, and put a value that begins with @, % or a backtick into quotes`},
		{"second document", "demo: true\n---\ndemo: false\n", `t.yaml:2:1: a second document begins here; want one in a file`},
		{"key of a list", "[a]: b\n", `t.yaml:1:1: want a name before the colon`},
		{"merge", "<<: {demo: true}\n", `t.yaml:1:1: merge keys (<<) are not supported; write the options out`},
		{"tag", "listen: !secret x\n", `t.yaml:1:9: listen: unknown tag "!secret"`},
		{"table for text", "listen: {a: b}\n", `t.yaml:1:9: listen: want one value, not a list or a table`},
		{"NUL", "data: \"a\\0b\"\n", `t.yaml:1:7: data: U+0000 is not allowed`},
		{"flag only", "config: x\n", `t.yaml:1:1: unknown option "config"; known are admin, connect_rate, contact, cors_origins, data, demo, drain, drain_spread, feeds, heartbeat, io, listen, log_format, log_level, max_age, max_body, max_streams, max_streams_per_address, nats, private_sources, publish_key, retention_age, retention_bytes, seed, stall, sync, tape_bytes, tape_events, tls_cert, tls_key, topics, trusted_proxies`},
		{"open text expands nothing", "data: /srv/${HOME}\n", `t.yaml:1:7: data: ${HOME} is filled in from the environment only in secret options`},
		{"feeds", "feeds: clock\n", `t.yaml:1:8: feeds: want a list, one entry after each hyphen, as in: - kind: clock; or [] for no feeds`},
		{"feeds without value", "feeds:\n", `t.yaml:1:7: feeds: want a list, one entry after each hyphen, as in: - kind: clock; or [] for no feeds`},
		{"feed of text", "feeds: [clock]\n", `t.yaml:1:9: want the options of a feed, beginning with kind, as in: kind: clock`},
		{"feed without kind", "feeds: [{id: a}]\n", `t.yaml:1:9: a feed without a kind; want one of tides, clock or random`},
		{"topic without name", "topics: [{mode: latest}]\n", `t.yaml:1:10: topics: option "name" is missing: The topic's name: a lower-case letter, then letters, digits, - and _.`},
		{"topic twice", "topics: [{name: a}, {name: a}]\n", `t.yaml:1:21: topic "a" is given twice, first on line 1`},
		{"constructor", "feeds: [{kind: tides, url: bad}]\n", `t.yaml:1:9: feed tides: the url is bad`},
		{"choice", "feeds: [{kind: clock, on_error: explode}]\n", `t.yaml:1:33: on_error: "explode" is not right: want retry or simulate`},
		{"retired", "topics: [{name: weather, retired: true}]\nfeeds: [{kind: clock}]\n", `t.yaml:2:9: topic "weather" is over (retired: true); nothing can be printed on it`},
		{"states", "feeds: [{kind: clock, topic: feeds}]\n", `t.yaml:1:30: topic "feeds" is where the states of feeds are printed; want another one`},
	} {
		t.Run(tt.name, func(t *testing.T) { wantMistakes(t, withFile(tt.file), tt.want) })
	}
	t.Run("unreadable", func(t *testing.T) {
		wantMistakes(t, start{args: []string{"--config=no.yaml"}}, "no.yaml: the file cannot be read: file does not exist")
	})
	t.Run("empty", func(t *testing.T) {
		for _, text := range []string{"", "# nothing\n", "---\n"} {
			mustParse(t, withFile(text))
		}
	})
}

func TestOptionsOfKinds(t *testing.T) {
	const file = `feeds:
- kind: tides
  id: harbour
  url: https://tides.example
  token: Bearer ${TIDE_KEY}!
  depth: 2.25
  count: 9
  strict: false
  pause: 1m
  near: 3s
  tags: [a, "b, c"]
  headers: {X-Key: "${TIDE_KEY}", X-Plain: p}
  places:
  - {name: pier, lat: 1}
  - name: quay
  topic: news
  every: 20s-30s
  timeout: 5s
  max_items: 7
  ttl: 1h
- {kind: tides, url: u}
`
	cfg := mustParse(t, withFile(file, "TIDE_KEY=abc"))
	if len(cfg.Feeds) != 2 {
		t.Fatalf("%d feeds, want 2", len(cfg.Feeds))
	}
	wrapped, ok := cfg.Feeds[0].Feed.(*expiring)
	if !ok || wrapped.ttl != time.Hour {
		t.Fatalf("ttl is lost: %T", cfg.Feeds[0].Feed)
	}
	want := &tideOptions{
		URL: "https://tides.example", Token: "Bearer abc!", Depth: 2.25, Count: 9, Pause: time.Minute,
		Near: feeds.Interval{Min: 3 * time.Second, Max: 3 * time.Second}, Tags: []string{"a", "b, c"},
		Headers: map[string]string{"X-Key": "abc", "X-Plain": "p"}, Places: []tidePlace{{"pier", 1}, {"quay", 50}},
	}
	if got := wrapped.Feed.(*fakeFeed).options; !reflect.DeepEqual(got, want) {
		t.Errorf("options = %+v\nwant %+v", got, want)
	}
	env := cfg.Feeds[0].Env
	if env.ID != "harbour" || env.Topic != "news" || env.Every.String() != "20s-30s" || env.Timeout != 5*time.Second || env.Max != 7 {
		t.Errorf("env = %+v", env)
	}
	want = &tideOptions{
		URL: "u", Depth: 1.5, Count: 3, Strict: true, Pause: 2 * time.Second,
		Near: feeds.Interval{Min: time.Second, Max: 2 * time.Second}, Tags: []string{"low", "high"},
	}
	if got := cfg.Feeds[1].Feed.(*fakeFeed).options; !reflect.DeepEqual(got, want) {
		t.Errorf("defaults = %+v\nwant %+v", got, want)
	}
	if env := cfg.Feeds[1].Env; env.ID != "tides" || env.Every.Min != time.Minute || env.Timeout != 30*time.Second {
		t.Errorf("default env = %+v", env)
	}
}

func TestSecretReferences(t *testing.T) {
	for _, tt := range []struct{ token, env, want string }{
		{"${A}", "", "environment variable A is not set"},
		{"${A}", "A=", "environment variable A is empty"},
		{"${A}${B}", "A=1", "environment variable B is not set"},
		{"${1}", "", `"${1}" does not name an environment variable`},
		{"${}", "", `"${}" does not name an environment variable`},
	} {
		s := withFile(fmt.Sprintf("feeds: [{kind: tides, url: u, token: %q}]\n", tt.token), tt.env)
		wantMistakes(t, s, "t.yaml:1:38: token: "+tt.want)
	}
	wantMistakes(t, withFile("feeds: [{kind: tides, url: u, tags: [\"${A}\"]}]\n"),
		"t.yaml:1:38: tags: ${A} is filled in from the environment only in secret options")
	// A part of a word in a list may be meant for a shell.
	mustParse(t, withFile("feeds: [{kind: tides, url: u, tags: [\"echo ${A}\"]}]\n"))
}

func TestSeeds(t *testing.T) {
	const file = "feeds: [{kind: clock, id: a}, {kind: clock, id: b}]\n"
	seeds := func(args ...string) (a, b uint64) {
		s := withFile(file)
		s.args = append(s.args, args...)
		cfg := mustParse(t, s)
		return cfg.Feeds[0].Env.Seed, cfg.Feeds[1].Env.Seed
	}
	a1, b1 := seeds("--seed=7")
	a2, b2 := seeds("--seed=7")
	a3, _ := seeds()
	if a1 != a2 || b1 != b2 || a1 == b1 || a1 == a3 || a3 == 0 {
		t.Errorf("seeds %d %d, %d %d, %d: want the same for the same seed, different for other ids", a1, b1, a2, b2, a3)
	}
}

func TestTopicsOfTheFile(t *testing.T) {
	const file = `topics:
- name: news
  snapshot: 5
  public: false
- name: tides
  mode: latest
  key: place
  publish: public
  schema:
    type: object
    required: [place]
    properties: {place: {type: string}, level: {type: number, maximum: 1.5}, when: {const: 2026-11-20}}
feeds: []
`
	cfg := mustParse(t, withFile(file))
	if len(cfg.Feeds) != 0 {
		t.Errorf("feeds: [] left %d feeds", len(cfg.Feeds))
	}
	byName := make(map[string]topics.Topic)
	for _, topic := range cfg.Topics {
		byName[topic.Name] = topic
	}
	news := byName["news"]
	if news.Snapshot != 5 || !news.Private || news.Key != "id" || news.Description == "" || len(news.Schema) == 0 {
		t.Errorf("news, changed: %+v", news)
	}
	tides := byName["tides"]
	const schema = `{"type":"object","required":["place"],"properties":{"place":{"type":"string"},"level":{"type":"number","maximum":1.5},"when":{"const":"2026-11-20"}}}`
	if tides.Mode != topics.Latest || tides.Key != "place" || tides.Publish != topics.ByAnyone || tides.Private || string(tides.Schema) != schema {
		t.Errorf("tides, added: %+v\nschema %s", tides, tides.Schema)
	}
	if len(byName) != 9 {
		t.Errorf("%d topics, want 9", len(byName))
	}
}

func TestSchemaStandsAlone(t *testing.T) {
	_, err := parse(withFile("topics: [{name: a, schema: {$ref: \"file:///etc/passwd\"}}]\n").inputs())
	if err == nil || !strings.HasPrefix(err.Error(), `t.yaml:1:28: schema: failing loading "file:///etc/passwd"`) {
		t.Errorf("a schema that reads a file: %v", err)
	}
}

func TestSchemaIsBounded(t *testing.T) {
	file := "topics: [{name: a, schema: {enum: [" + strings.Repeat("0, ", 40000) + "0]}}]\n"
	wantMistakes(t, withFile(file), "t.yaml:1:28: schema: 80012 bytes as JSON; want at most 65536")
}

func TestCatalogue(t *testing.T) {
	for _, demo := range []bool{false, true} {
		c, err := topics.NewCatalogue(defaultTopics(demo)...)
		if err != nil {
			t.Fatal(err)
		}
		chat, err := c.Lookup("chat")
		if err != nil {
			t.Fatal(err)
		}
		if open := chat.Publish == topics.ByAnyone; open != demo {
			t.Errorf("demo %v: chat is open to everybody: %v", demo, open)
		}
		for _, topic := range c.All() {
			if !json.Valid(topic.Schema) || topic.Description == "" {
				t.Errorf("topic %s has no schema or no description", topic.Name)
			}
		}
	}
}

// An alias that stands for ever more values must not take time or memory.
func TestAliasBomb(t *testing.T) {
	var b strings.Builder
	b.WriteString("topics:\n- name: a\n  schema:\n    a: &a [x, x, x, x, x, x, x, x, x, x]\n")
	for c := 'b'; c <= 'j'; c++ {
		fmt.Fprintf(&b, "    %c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat("*"+string(c-1)+", ", 10), ", "))
	}
	_, err := parse(withFile(b.String()).inputs())
	if err == nil || !strings.Contains(err.Error(), "the file is too large") {
		t.Errorf("alias bomb: %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("listen: \":80\"\ntopics: [{name: a, schema: {type: object}}]\nfeeds: [{kind: tides, url: u, places: [{name: x}]}]\n")
	f.Add("a: &a [*a]\ntopics: *a\nfeeds: [{kind: &k clock}, {kind: *k}]\n")
	f.Add("topics: &t\n- name: x\n  schema: *t\n")
	f.Add("feeds:\n- {kind: tides, url: ${A}, headers: {a: ${B}}, near: 5s-1s, count: 1e9}\n")
	f.Add("? [a]\n: b\n? !!binary aa\n: !!float .nan\n<<: [1]\n")
	f.Fuzz(func(t *testing.T, text string) {
		cfg, mistakes := load(withFile(text).inputs(), commandLine{}, "t.yaml")
		if len(mistakes) > 0 {
			return
		}
		if _, err := topics.NewCatalogue(cfg.Topics...); err != nil {
			t.Errorf("accepted topics that are no catalogue: %v", err)
		}
		for _, feed := range cfg.Feeds {
			if feed.Feed == nil || feed.Env.ID == "" {
				t.Errorf("accepted a feed that is none: %+v", feed.Env)
			}
		}
	})
}

func TestSizes(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want Size
		text string
	}{
		{"512MiB", 512 << 20, "512MiB"}, {"1.5 GiB", 3 << 29, "1536MiB"}, {"64KB", 64000, "64000B"},
		{"1048576", 1 << 20, "1MiB"}, {"0", 0, "0B"}, {"7B", 7, "7B"},
	} {
		var s Size
		if err := s.UnmarshalText([]byte(tt.in)); err != nil || s != tt.want || s.String() != tt.text {
			t.Errorf("size %q = %d (%s), %v; want %d (%s)", tt.in, s, s, err, tt.want, tt.text)
		}
	}
	for _, in := range []string{"", "MiB", "-1MiB", "1e3", "NaN", "0x10", "1 MiB x", "9999999TiB", "1mib"} {
		var s Size
		if err := s.UnmarshalText([]byte(in)); err == nil {
			t.Errorf("size %q is accepted as %d", in, s)
		}
	}
}

func TestScalarAliases(t *testing.T) {
	cfg := mustParse(t, withFile("listen: &a \":9000\"\ndata: *a\nfeeds: [{kind: &k clock}, {kind: *k, id: other}]\n"))
	if cfg.Data != ":9000" || len(cfg.Feeds) != 2 {
		t.Errorf("data %q, %d feeds", cfg.Data, len(cfg.Feeds))
	}
	if got := scalarIn(&yaml.Node{Kind: yaml.SequenceNode}, "kind"); got != "" {
		t.Errorf("scalar in a list: %q", got)
	}
}
