package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"regexp"
	"runtime/debug"
	"strings"
)

// A build is what the program knows of its own making.
type build struct {
	Version  string // "v0.1.0"; "v0.1.1-dev" between releases, "devel" when it is not known
	Revision string // first 7 digits of the commit; "" when it is not known
	Modified bool   // the commit is not all that it was built from
	Go       string // "go1.26.0"
	System   string // "linux/amd64"
}

// betweenReleases ends the version that the go command makes up for a commit
// without a tag: base, time and revision.
var betweenReleases = regexp.MustCompile(`^(v[0-9]+\.[0-9]+\.[0-9]+).*[-.][0-9]{14}-([0-9a-f]{12})$`)

// readBuild takes a build from what the go command recorded; info may be nil.
func readBuild(info *debug.BuildInfo) build {
	b := build{Version: "devel"}
	if info == nil {
		return b
	}
	b.Go = info.GoVersion
	settings := make(map[string]string)
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	b.System = settings["GOOS"] + "/" + settings["GOARCH"]
	b.Revision = settings["vcs.revision"]
	version, _, dirty := strings.Cut(info.Main.Version, "+dirty")
	b.Modified = dirty || settings["vcs.modified"] == "true"
	if part := betweenReleases.FindStringSubmatch(version); part != nil {
		version = part[1] + "-dev"
		b.Revision = cmp.Or(b.Revision, part[2])
	}
	if version != "" && version != "(devel)" {
		b.Version = version
	}
	b.Revision = b.Revision[:min(7, len(b.Revision))]
	return b
}

// ID is the build in one word, as streams show it: "v0.1.0+1a2b3c4", with ".dirty"
// after it if the source had been changed.
func (b build) ID() string {
	var marks []string
	if b.Revision != "" {
		marks = append(marks, b.Revision)
	}
	if b.Modified {
		marks = append(marks, "dirty")
	}
	if len(marks) == 0 {
		return b.Version
	}
	return b.Version + "+" + strings.Join(marks, ".")
}

// buildID returns the ID of this program.
func buildID() string {
	info, _ := debug.ReadBuildInfo()
	return readBuild(info).ID()
}

func runVersion(_ context.Context, _ *Invocation, stdout, _ io.Writer) int {
	info, _ := debug.ReadBuildInfo()
	printVersion(stdout, readBuild(info))
	return exitOK
}

func printVersion(w io.Writer, b build) {
	fmt.Fprintf(w, "tickertape %s\n", b.Version)
	revision := cmp.Or(b.Revision, "unknown")
	if b.Modified {
		revision += ", modified"
	}
	fmt.Fprintf(w, "revision   %s\ngo         %s\nsystem     %s\n", revision, b.Go, b.System)
}
