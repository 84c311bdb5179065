package main

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"tickertape/feeds"
)

// here is a start of the program in the folder that the test is in.
func here(args ...string) start { return start{args: args, kinds: feedKinds()} }

// runHere is runCommand with the files of the system.
func runHere(t *testing.T, s start) (code int, stdout, stderr string) {
	t.Helper()
	in := s.inputs()
	in.ReadFile = os.ReadFile
	var out, errs bytes.Buffer
	code = run(t.Context(), in, &out, &errs)
	return code, out.String(), errs.String()
}

var commentedOut = regexp.MustCompile(`(?m)^( +)#([a-z_]+: )`)

// The entry of each kind is one that a server takes, and says all options; so is it with
// the options that are commented out.
func TestCreatedEntriesAreComplete(t *testing.T) {
	for _, spec := range feedKinds() {
		t.Run(spec.Kind, func(t *testing.T) {
			code, entry, stderr := runHere(t, here("feeds", "create", spec.Kind, "--id", "mine"))
			if code != 0 {
				t.Fatalf("exit %d: %s", code, stderr)
			}
			var env []string
			for _, name := range reference.FindAllString(entry, -1) {
				env = append(env, strings.Trim(name, "${}")+"=secret")
			}
			for _, text := range []string{entry, commentedOut.ReplaceAllString(entry, "$1$2")} {
				s := withFile("contact: tape@example.org\n"+text, env...)
				s.kinds = feedKinds()
				if _, err := parse(s.inputs()); err != nil && !strings.Contains(err.Error(), "unknown topic") && !alternatives(spec, err) {
					t.Errorf("%v\n%s", err, text)
				}
			}
			if !strings.Contains(entry, "id: mine\n") {
				t.Errorf("the id is not taken:\n%s", entry)
			}
			for _, o := range allOptions(spec) {
				if (o.name != "every" || timed(spec)) && !regexp.MustCompile(`(?m)^[ #-]*`+o.name+`:`).MatchString(entry) {
					t.Errorf("nothing is said about %s:\n%s", o.name, entry)
				}
			}
		})
	}
}

// alternatives reports whether a kind has options of which only one may be set, so that
// its entry with all of them set is wrong in that way alone.
func alternatives(_ feeds.Spec, err error) bool {
	return strings.Contains(err.Error(), "not both") || strings.Contains(err.Error(), "only one of")
}

func TestCreateAddsToAFile(t *testing.T) {
	for _, tt := range []struct{ name, before, after string }{
		{"no file", "", "feeds:\n  E\n"},
		{"no list", "listen: \":1\"", "listen: \":1\"\n\nfeeds:\n  E\n"},
		{"an empty list", "feeds: [] # none\nlisten: \":1\"\n", "feeds:\n  E\nlisten: \":1\"\n"},
		{"no value", "feeds:\n# mine\n", "feeds:\n  E\n# mine\n"},
		{"the last of the file", "feeds:\n  - kind: clock # here\n  # a remark of the entry\n", "feeds:\n  - kind: clock # here\n  # a remark of the entry\n\n  E\n"},
		{"more behind", "feeds:\n  - kind: clock\n\n# Addresses.\nlisten: \":1\"\n", "feeds:\n  - kind: clock\n\n  E\n\n# Addresses.\nlisten: \":1\"\n"},
		{"not indented", "feeds:\n- kind: clock\nlisten: \":1\"\n", "feeds:\n- kind: clock\n\nE\nlisten: \":1\"\n"},
		{"far in", "feeds:\n    - kind: clock\n", "feeds:\n    - kind: clock\n\n    E\n"},
		{"a text of lines at the end", "feeds:\n- kind: exec\n  id: x\n  topic: news\n  command:\n  - sh\n  - -c\n  - |\n    # not a remark\n    echo\n\ndemo: true\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := addEntry([]byte(tt.before), "  - kind: random\n    id: mine\n")
			if err != nil {
				t.Fatal(err)
			}
			text := strings.NewReplacer("- kind: random\n    id: mine\n", "E\n", "- kind: random\n  id: mine\n", "E\n", "- kind: random\n      id: mine\n", "E\n").Replace(string(got))
			if tt.after != "" && text != tt.after {
				t.Errorf("%q\nwant\n%q", text, tt.after)
			}
			s := withFile(string(got))
			s.kinds = feedKinds()
			cfg := mustParse(t, s)
			if last := cfg.Feeds[len(cfg.Feeds)-1]; last.Env.ID != "mine" {
				t.Errorf("the last feed is %s:\n%s", last.Env.ID, got)
			}
		})
	}
	for _, text := range []string{"feeds: [{kind: clock}]\n", "feeds: {a: b}\n", "a: [\n"} {
		if got, err := addEntry([]byte(text), "  - kind: random\n"); err == nil {
			t.Errorf("%q becomes %q", text, got)
		}
	}
}

func TestCreateInAFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	code, stdout, stderr := runHere(t, here("feeds", "create", "clock", "t.yaml"))
	if code != 0 || !strings.Contains(stdout, "added feed clock to t.yaml\nA file with a list of feeds runs these and no others") {
		t.Errorf("exit %d\n%s%s", code, stdout, stderr)
	}
	if err := os.Chmod("t.yaml", 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr = runHere(t, here("feeds", "create", "clock", "t.yaml"))
	if code != 0 || stdout != "added feed clock-2 to t.yaml\n\ntickertape feeds try t.yaml --id clock-2 shows what it prints.\n" {
		t.Errorf("exit %d\n%s%s", code, stdout, stderr)
	}
	if info, err := os.Stat("t.yaml"); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the mode of the file has changed: %v, %v", info.Mode(), err)
	}
	for _, tt := range []struct{ args, want string }{
		{"feeds create", "of which kind? tickertape feeds list shows all"},
		{"feeds create clocks", `unknown kind of feed "clocks"; did you mean "clock"?`},
		{"feeds create clock nowhere/t.yaml", "no such file or directory"},
		{"feeds create clock --id UPPER", "--id: "},
	} {
		if code, stdout, stderr := runHere(t, here(strings.Fields(tt.args)...)); code != 2 || stdout != "" || !strings.Contains(stderr, tt.want) {
			t.Errorf("%s: exit %d\n%s%s", tt.args, code, stdout, stderr)
		}
	}
}
