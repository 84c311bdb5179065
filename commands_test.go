package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"reflect"
	"regexp"
	"runtime/debug"
	"strings"
	"testing"

	"tickertape/feeds"
)

// runCommand does what run does, for all commands but serve.
func runCommand(s start) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = run(context.Background(), s.inputs(), &out, &errs)
	return code, out.String(), errs.String()
}

func TestCommandLine(t *testing.T) {
	for _, tt := range []struct {
		args string
		code int
		want string // in standard error, or in standard output with code 0
	}{
		{"--listne x", 2, "unknown flag --listne; did you mean --listen?"},
		{"--zzz", 2, "unknown flag --zzz; tickertape --help shows all"},
		{"--listen", 2, "--listen needs a value: Address of the public listener"},
		{"--data --demo", 2, "--data needs a value"},
		{"--publish-key=k", 2, "--publish-key is not a flag, since others can read a command line: set TICKERTAPE_PUBLISH_KEY"},
		{"--heartbeat=1ms", 2, `--heartbeat: "1ms" is not right: want at least 1s`},
		{"--demo=perhaps", 2, `--demo: "perhaps" is not right: want true or false`},
		{"serv", 2, `unknown command "serv"; did you mean "serve"?`},
		{"xyzzy", 2, `unknown command "xyzzy"; want serve, check, feeds list, `},
		{"feeds", 2, `"feeds" is not a whole command; want feeds list`},
		{"feeds lst", 2, `unknown command "feeds lst"; did you mean "feeds list"?`},
		{"feeds xyzzy", 2, `unknown command "feeds xyzzy"; want feeds list`},
		{"try clock", 2, `unknown command "try"; did you mean "feeds try"?`},
		{"version now", 2, `version: "now" is one word too many; want tickertape version`},
		{"serve here", 2, `serve: "here" is one word too many; want tickertape serve`},
		{"version --listen :1", 2, "--listen is not a flag of version"},
		{"check -n 3", 2, "-n is not a flag of check"},
		{"feeds list tydes", 2, `unknown kind of feed "tydes"; did you mean "tides"?`},
		{"feeds try", 2, "which feed? give the kind of a feed, or a configuration file"},
		{"feeds try tides", 2, `kind tides: option "url" is missing: Where the tides are.`},
		{"feeds try clock every", 2, `"every": want OPTION=VALUE, as in every=2s`},
		{"feeds try clokc", 2, "clokc: the file cannot be read: file does not exist"},
		{"feeds try clocks", 2, `clocks: the file cannot be read: file does not exist; did you mean the kind "clock"?`},
		{"feeds try t.yaml", 2, "t.yaml has 2 feeds; say which: --id a or b"},
		{"feeds try t.yaml --id c", 2, `t.yaml has no feed "c"; want --id a or b`},
		{"feeds try t.yaml a=b", 2, `"a=b": options can be given for a kind only, not for a file`},
		{"help xyzzy", 2, `unknown command "xyzzy"`},
		{"version", 0, "tickertape "},
		{"--version", 0, "tickertape "},
		{"serve --version --listen=x", 0, "tickertape "},
		{"--version --help", 0, "Usage: tickertape [COMMAND] [FLAGS]"},
		{"version --x", 2, "unknown flag --x; tickertape --help shows all"},
		{"help feeds", 0, "tickertape feeds list [KIND]\n    List the kinds"},
		{"feeds --help", 0, "tickertape feeds list [KIND]\n    List the kinds"},
		{"-- version", 0, "tickertape "},
		{"check t.yaml", 0, "t.yaml: no mistakes"},
		{"check --config t.yaml", 0, "t.yaml: no mistakes"},
		{"feeds list", 0, "tides   weather  1m     Made up for tests."},
		{"feeds list tides", 0, "url      Where the tides are.  required"},
		{"help feeds try", 0, "Usage: tickertape feeds try KIND|FILE [OPTION=VALUE...] [FLAGS]"},
		{"feeds try --help", 0, "Usage: tickertape feeds try KIND|FILE [OPTION=VALUE...] [FLAGS]"},
		{"feeds list -h", 0, "Usage: tickertape feeds list [KIND] [FLAGS]"},
		{"--help", 0, "Usage: tickertape [COMMAND] [FLAGS]"},
		{"help --markdown", 0, "| `retention_age` | `--retention-age DURATION` | `TICKERTAPE_RETENTION_AGE` | `168h` |"},
	} {
		t.Run(tt.args, func(t *testing.T) {
			s := start{args: strings.Fields(tt.args), files: map[string]string{"t.yaml": "feeds: [{kind: clock, id: a}, {kind: clock, id: b}]\n"}}
			code, stdout, stderr := runCommand(s)
			text, other := stderr, stdout
			if tt.code == 0 {
				text, other = stdout, stderr
			}
			if code != tt.code || !strings.Contains(text, tt.want) || other != "" {
				t.Errorf("exit %d, want %d\nstdout: %s\nstderr: %s\nwant: %s", code, tt.code, stdout, stderr, tt.want)
			}
		})
	}
}

func TestCheckShowsMistakesOnStandardOutput(t *testing.T) {
	code, stdout, stderr := runCommand(start{args: []string{"check", "t.yaml"}, files: map[string]string{"t.yaml": "a: 1\ndemo: x\n"}})
	if code != 1 || stderr != "" || !strings.HasSuffix(stdout, "2 mistakes\n") || !strings.HasPrefix(stdout, `t.yaml:1:1: unknown option "a"`) {
		t.Errorf("exit %d\nstdout: %s\nstderr: %s", code, stdout, stderr)
	}
	code, _, stderr = runCommand(start{args: []string{"check", "--bogus"}})
	if code != 2 || stderr == "" {
		t.Errorf("a wrong command line: exit %d, stderr %q", code, stderr)
	}
}

func TestErrorsOfTheCommandLineAreTold(t *testing.T) {
	_, err := parse(start{args: []string{"--bogus"}}.inputs())
	if !errors.Is(err, errUsage) {
		t.Errorf("an unknown flag: %v is no errUsage", err)
	}
	_, err = parse(withFile("a: 1\n").inputs())
	var mistakes Mistakes
	if errors.Is(err, errUsage) || !errors.As(err, &mistakes) || mistakes[0].Line != 1 {
		t.Errorf("an unknown option: %v", err)
	}
}

// Mistakes of all places come at once: the file's first, by line.
func TestMistakesOfAllPlaces(t *testing.T) {
	s := withFile("demo: x\na: 1\n", "TICKERTAPE_SEED=x")
	s.args = append(s.args, "--stall=x", "--bogus")
	_, err := parse(s.inputs())
	var places []string
	for line := range strings.SplitSeq(err.Error(), "\n") {
		places = append(places, strings.Fields(line)[0])
	}
	if got := strings.Join(places, " "); got != "t.yaml:1:7: t.yaml:2:1: TICKERTAPE_SEED: --stall: unknown" {
		t.Errorf("order: %s", got)
	}
}

func TestHelpIsWellLaidOut(t *testing.T) {
	pages := []string{programHelp()}
	for _, c := range commands() {
		pages = append(pages, c.help())
	}
	for _, page := range pages {
		for line := range strings.SplitSeq(page, "\n") {
			if len(line) > 100 || line != strings.TrimRight(line, " ") {
				t.Errorf("line %q is too long or ends in a space", line)
			}
		}
	}
	for _, o := range configOptions() {
		want := "--" + o.flag()
		if !o.allows("flag") {
			want = o.variable()
		}
		if !strings.Contains(pages[0], want) {
			t.Errorf("help says nothing about %s", want)
		}
	}
	if strings.Contains(strings.Join(pages, ""), "--markdown") {
		t.Error("help shows a hidden flag")
	}
	const try = `Run one feed and print its items, without a server.

Usage: tickertape feeds try KIND|FILE [OPTION=VALUE...] [FLAGS]

Runs one feed of the file, or a feed of a kind with the options given as OPTION=VALUE, and
prints its items on standard output as JSON lines, checked and encoded as the server would.
VALUE is written as in the file: every=2s symbols=ACME symbols=[ACME,TIKT] 'config={port: 3}'.
The feed's own log goes to standard error. Exits with 0 if there were items, with 1 if the feed
failed or printed none in time, with 2 if the command line or the configuration is wrong.

Flags:
  --id TEXT                 Which feed of the file, if it has several.
  -n NUMBER                 Items to print. Default: 5.
  --timeout DURATION        When to give up waiting for them. Default: 30s.

The flags of serve are allowed as well; tickertape help shows them.
`
	if c, _, err := findCommand([]string{"feeds", "try"}); err != nil || c.help() != try {
		t.Errorf("help of try (%v):\n%s", err, c.help())
	}
}

// The table of options in the README, between its marks, is the one of the program.
func TestReadmeHasTheOptions(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("there is no README.md")
	}
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- options -->\n", "<!-- /options -->"
	_, rest, ok := strings.Cut(string(readme), begin)
	table, _, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("README.md has no table of options between %q and %q", begin, end)
	}
	if strings.TrimSpace(table) != strings.TrimSpace(OptionsTable()) {
		t.Errorf("the table of options in README.md is not that of the program; put in the output of\n\tgo run . help --markdown")
	}
}

func TestBuildID(t *testing.T) {
	info := func(version, revision, modified string) *debug.BuildInfo {
		b := &debug.BuildInfo{GoVersion: "go1.26.0", Main: debug.Module{Version: version}}
		if revision != "" {
			b.Settings = append(b.Settings, debug.BuildSetting{Key: "vcs.revision", Value: revision}, debug.BuildSetting{Key: "vcs.modified", Value: modified})
		}
		return b
	}
	const revision = "1a2b3c4d5e6f7a8b9c0d1a2b3c4d5e6f7a8b9c0d"
	for _, tt := range []struct {
		info *debug.BuildInfo
		want string
	}{
		{nil, "devel"},
		{info("(devel)", "", ""), "devel"},
		{info("", revision, "false"), "devel+1a2b3c4"},
		{info("v0.1.0", revision, "false"), "v0.1.0+1a2b3c4"},
		{info("v0.1.0+dirty", revision, "true"), "v0.1.0+1a2b3c4.dirty"},
		{info("v0.1.0", "", ""), "v0.1.0"},
		{info("v0.0.0-20261120090000-1a2b3c4d5e6f", "", ""), "v0.0.0-dev+1a2b3c4"},
		{info("v0.1.1-0.20261120090000-1a2b3c4d5e6f+dirty", revision, "true"), "v0.1.1-dev+1a2b3c4.dirty"},
	} {
		if got := readBuild(tt.info).ID(); got != tt.want {
			t.Errorf("build %+v = %s, want %s", tt.info, got, tt.want)
		}
	}
	if id := buildID(); id == "" || strings.ContainsAny(id, " \n") {
		t.Errorf("build id %q", id)
	}
}

// optionLine is an option of the example that is commented out.
var optionLine = regexp.MustCompile(`(?m)^#([a-z_]+):`)

func TestExampleFile(t *testing.T) {
	data, err := os.ReadFile("examples/tickertape.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	kinds := feedKinds()
	plain := mustParse(t, start{args: []string{"--config=t.yaml"}, files: map[string]string{"t.yaml": text}, kinds: kinds})
	full := mustParse(t, start{
		args: []string{"--config=t.yaml"}, env: []string{"TICKERTAPE_PUBLISH_KEY=abc"}, kinds: kinds,
		files: map[string]string{"t.yaml": optionLine.ReplaceAllString(text, "$1:")},
	})
	defaults := defaultConfig()
	for i, setting := range full.Settings() {
		o := configOptions()[i]
		if !o.allows("file") {
			continue
		}
		if setting.Origin == "default" {
			t.Errorf("the example says nothing about option %s", o.name)
		}
		if want := defaults.Settings()[i].Value; !o.secret && setting.Value != want {
			t.Errorf("the example calls %s the default of %s; it is %s", setting.Value, o.name, want)
		}
	}
	for _, o := range append(optionsOf(reflect.TypeFor[topicEntry]()), optionsOf(reflect.TypeFor[feedEntry]())...) {
		if !strings.Contains(text, o.name+":") {
			t.Errorf("the example does not show option %s of an entry", o.name)
		}
	}
	if len(plain.Feeds) < 7 || len(plain.warnings) > 0 {
		t.Errorf("%d feeds, warnings: %v", len(plain.Feeds), plain.warnings)
	}
}

// secretName is a variable of the environment in an example.
var secretName = regexp.MustCompile(`\$\{([A-Z_]+)\}`)

// Each kind's options are described, its example is right, and its defaults decode.
func TestKinds(t *testing.T) {
	for _, spec := range feedKinds() {
		t.Run(spec.Kind, func(t *testing.T) {
			if _, _, err := newEntry(spec); err != nil {
				t.Errorf("defaults: %v", err)
			}
			file := "topics: [{name: tides}]\nfeeds:\n" + exampleEntry(spec)
			var env []string
			for _, name := range secretName.FindAllStringSubmatch(file, -1) {
				env = append(env, name[1]+"=secret")
			}
			mustParse(t, start{args: []string{"--config=t.yaml"}, env: env, files: map[string]string{"t.yaml": file}, kinds: feedKinds()})
			code, stdout, _ := runCommand(start{args: []string{"feeds", "list", spec.Kind}, kinds: feedKinds()})
			if code != 0 || !strings.Contains(stdout, spec.Summary) {
				t.Errorf("feeds list %s: exit %d\n%s", spec.Kind, code, stdout)
			}
		})
	}
	cfg := mustParse(t, start{kinds: feedKinds()})
	if len(cfg.Feeds) != len(defaultKinds) {
		t.Errorf("%d default feeds, want %v", len(cfg.Feeds), defaultKinds)
	}
	for _, f := range cfg.Feeds {
		if f.Env.Every == (feeds.Interval{}) || f.Env.Catalogue == nil || f.Env.Seed == 0 {
			t.Errorf("default feed %s has no interval, catalogue or seed: %+v", f.Env.ID, f.Env)
		}
	}
}
