package main_test

import (
	"strings"
	"testing"
)

// A rule that cannot fail protects nothing: each must find what it is there for,
// in source made for it, and must leave the allowed twin alone.
func TestArchitectureRulesFindViolations(t *testing.T) {
	lines := func(n int) string { return strings.Repeat("\n", n) }
	for _, tt := range []struct {
		name string
		path string
		src  string
		rule string // "" when nothing is wrong
		says string
	}{
		{"feed imports handlers", "feeds/rss/rss.go", `package rss; import _ "tickertape/handlers"`, "imports", "feeds import topics"},
		{"feed imports the wire", "feeds/rss/rss.go", `package rss; import _ "tickertape/handlers/sse"`, "imports", "feeds import topics"},
		{"feed imports topics", "feeds/rss/rss.go", `package rss; import _ "tickertape/topics"`, "", ""},
		{"feed imports its contract", "feeds/rss/rss.go", `package rss; import _ "tickertape/feeds"`, "", ""},
		{"feed imports another feed", "feeds/rss/rss.go", `package rss; import _ "tickertape/feeds/exec"`, "imports", "never imports another"},
		{"feed's test imports the suite", "feeds/rss/rss_test.go", `package rss; import (_ "tickertape/feeds/feedtest"; _ "go.uber.org/goleak")`, "", ""},
		{"feed imports the suite", "feeds/rss/rss.go", `package rss; import _ "tickertape/feeds/feedtest"`, "imports", "imported by tests"},
		{"handlers import feeds", "handlers/latest.go", `package handlers; import _ "tickertape/feeds"`, "imports", "never feeds"},
		{"handlers' tests import feeds", "handlers/latest_test.go", `package handlers; import (_ "tickertape/feeds/rss"; _ "go.uber.org/goleak")`, "imports", "never feeds"},
		{"topics import handlers", "topics/bus.go", `package topics; import _ "tickertape/handlers/sse"`, "imports", "above them"},
		{"topics import a namesake", "topics/bus.go", `package topics; import _ "example.com/handlers"`, "", ""},
		{"public imports topics", "public/public.go", `package public; import _ "tickertape/topics"`, "imports", "nothing of ours"},
		{"the wire imports topics", "handlers/sse/frame.go", `package sse; import _ "tickertape/topics"`, "imports", "handlers/sse imports nothing"},
		{"fan-out imports topics", "handlers/fanout/fanout.go", `package fanout; import _ "tickertape/topics"`, "imports", "but handlers/sse"},
		{"fan-out imports the wire", "handlers/fanout/fanout.go", `package fanout; import _ "tickertape/handlers/sse"`, "", ""},
		{"topics import NATS", "topics/bus.go", `package topics; import _ "github.com/nats-io/nats.go/jetstream"`, "imports", "only topics/natslog"},
		{"main imports NATS", "main.go", `package main; import _ "github.com/nats-io/nats-server/v2/server"`, "imports", "only topics/natslog"},
		{"natslog imports NATS", "topics/natslog/embed.go", `package natslog; import _ "github.com/nats-io/nats-server/v2/server"`, "", ""},
		{"main imports Gin", "main.go", `package main; import _ "github.com/gin-gonic/gin"`, "imports", "only handlers"},
		{"fan-out imports Gin", "handlers/fanout/fanout.go", `package fanout; import _ "github.com/gin-gonic/gin"`, "imports", "only handlers"},
		{"topics import schema", "topics/filter.go", `package topics; import _ "github.com/gorilla/schema"`, "imports", "only handlers"},
		{"handlers import both", "handlers/query.go", `package handlers; import (_ "github.com/gin-gonic/gin"; _ "github.com/gorilla/schema")`, "", ""},
		{"handlers read flags", "handlers/query.go", `package handlers; import _ "flag"`, "imports", "only main reads flags"},
		{"main reads flags", "flags.go", `package main; import _ "flag"`, "", ""},
		{"feed starts a program", "feeds/rss/rss.go", `package rss; import _ "os/exec"`, "imports", "only feeds/exec"},
		{"exec starts a program", "feeds/exec/exec.go", `package exec; import _ "os/exec"`, "", ""},
		{"the old logger", "topics/bus.go", `package topics; import _ "log"`, "imports", "slog"},
		{"the new logger", "topics/bus.go", `package topics; import _ "log/slog"`, "", ""},
		{"dot import", "topics/bus.go", `package topics; import . "strings"`, "imports", "dot"},

		{"feed reads the environment", "feeds/rss/rss.go", `package rss; import "os"; var key = os.Getenv("KEY")`, "surroundings", "os.Getenv"},
		{"under another name", "feeds/rss/rss.go", `package rss; import sys "os"; var b, _ = sys.ReadFile("x")`, "surroundings", "os.ReadFile"},
		{"a function of the same name", "feeds/rss/rss.go", `package rss; var os rooms; var b = os.Open()`, "", ""},
		{"main reads a file", "config.go", `package main; import "os"; var b, _ = os.ReadFile("x")`, "", ""},
		{"the log opens its folder", "topics/natslog/embed.go", `package natslog; import "os"; var _ = os.MkdirAll("x", 0)`, "", ""},
		{"a test reads a file", "topics/bus_test.go", `package topics; import ("os"; _ "go.uber.org/goleak"); var b, _ = os.ReadFile("x")`, "", ""},

		{"long file", "topics/bus.go", "package topics\n" + lines(maxFileLines), "size", "401 lines"},
		{"file at the limit", "topics/bus.go", "package topics\n" + lines(maxFileLines-1), "", ""},
		{"long test file", "topics/bus_test.go", `package topics; import _ "go.uber.org/goleak"` + lines(maxFileLines+1), "", ""},
		{"long function", "topics/bus.go", "package topics\nfunc f() {" + lines(maxFuncLines) + "}", "size", "func f has 81 lines"},
		{"function at the limit", "topics/bus.go", "package topics\nfunc f() {" + lines(maxFuncLines-1) + "}", "", ""},

		{"goroutine without a word", "topics/bus.go", "package topics\nfunc f() {\n\tgo f()\n}", "goroutines", "who stops it"},
		{"goroutine with a word above", "topics/bus.go", "package topics\nfunc f() {\n\t// Ends with ctx; Close waits.\n\tgo f()\n}", "", ""},
		{"goroutine with a word beside", "topics/bus.go", "package topics\nfunc f() {\n\tgo f() // ends with ctx; Close waits\n}", "", ""},
		{"goroutine in the function's comment", "topics/bus.go", "package topics\n// f starts a goroutine that Close awaits.\nfunc f() {\n\tgo f()\n}", "", ""},
		{"goroutine after an unrelated word", "topics/bus.go", "package topics\nfunc f() {\n\t// Why.\n\tf()\n\tgo f()\n}", "goroutines", "who stops it"},

		{"bytes of the wire", "handlers/stream.go", "package handlers\nvar b = \"data: \"", "wire", "handlers/sse"},
		{"bytes of the wire in the middle", "topics/cohort.go", "package topics\nvar b = \"id: 1\\ndata:x\"", "wire", "handlers/sse"},
		{"a sentence with such a word", "topics/cohort.go", "package topics\nvar b = \"no id: %w\"", "", ""},
		{"init", "feeds/rss/rss.go", "package rss\nfunc init() {}", "init", "main wires"},
		{"init in main", "commands.go", "package main\nfunc init() {}", "", ""},
		{"a method called init", "feeds/rss/rss.go", "package rss\nfunc (f *feed) init() {}", "", ""},
		{"left for later", "feeds/rss/rss.go", "package rss\n// TO" + "DO: times\nvar x int", "todo", "do it"},
		{"shelf without a label", "topics/utils/utils.go", "package utils", "package name", "says nothing"},
		{"no leak check", "topics/bus_test.go", "package topics", "leak check", "VerifyTestMain"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, err := parseArchFile(tt.path, []byte(tt.src))
			if err != nil {
				t.Fatal(err)
			}
			var found []archViolation
			for _, rule := range archRules {
				if rule.name != "package doc" { // see TestPackageDocRule
					found = append(found, rule.check([]*archFile{f})...)
				}
			}
			wantOne(t, found, tt.path, tt.rule, tt.says)
		})
	}
}

func TestPackageDocRule(t *testing.T) {
	for _, tt := range []struct {
		name  string
		files map[string]string
		says  string
	}{
		{"as it should be", map[string]string{"topics/doc.go": "// Package topics owns the tape.\npackage topics", "topics/bus.go": "package topics"}, ""},
		{"main", map[string]string{"main.go": "// Command tickertape prints topics.\npackage main", "flags.go": "package main"}, ""},
		{"a package of tests alone", map[string]string{"topics/bus_test.go": "package topics"}, ""},
		{"none", map[string]string{"topics/bus.go": "package topics"}, "has 0 package comments"},
		{"in the wrong file", map[string]string{"topics/bus.go": "// Package topics owns the tape.\npackage topics"}, "belongs in doc.go"},
		{"without its name", map[string]string{"topics/doc.go": "// The tape.\npackage topics"}, "must begin with"},
		{"main as a package", map[string]string{"main.go": "// Package main prints topics.\npackage main"}, ""},
		{"main without its name", map[string]string{"main.go": "// This prints topics.\npackage main"}, "must begin with"},
		{"two", map[string]string{"topics/doc.go": "// Package topics owns the tape.\npackage topics", "topics/x/doc.go": "// Package x owns x.\npackage x",
			"topics/doc_linux.go": "// Package topics owns it.\npackage topics"}, "belongs in doc.go"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var files []*archFile
			for name, src := range tt.files {
				f, err := parseArchFile(name, []byte(src))
				if err != nil {
					t.Fatal(err)
				}
				files = append(files, f)
			}
			found := checkPackageDocs(files)
			if (tt.says != "") != (len(found) > 0) {
				t.Fatalf("found %v; want %q", found, tt.says)
			}
			for _, v := range found {
				if strings.Contains(v.message, tt.says) {
					return
				}
			}
			if tt.says != "" {
				t.Errorf("found %v; want one that says %q", found, tt.says)
			}
		})
	}
}

func wantOne(t *testing.T, found []archViolation, path, rule, says string) {
	t.Helper()
	if rule == "" {
		if len(found) > 0 {
			t.Errorf("found %v; nothing is wrong", found)
		}
		return
	}
	for _, v := range found {
		if v.rule == rule && strings.Contains(v.message, says) && strings.HasPrefix(v.where, path+":") {
			if len(found) > 1 {
				t.Errorf("found more than the one violation: %v", found)
			}
			return
		}
	}
	t.Errorf("found %v; want %s: %s: ...%s...", found, path, rule, says)
}
