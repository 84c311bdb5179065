package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var codeBlock = regexp.MustCompile("(?s)```(sh|python|yaml)\n(.*?)```")

// The examples of docs/feeds/exec.md, and that of the README, run as they stand there.
func TestDocumentedProgramsRun(t *testing.T) {
	for _, tt := range []struct{ page, language, name, wants, prints string }{
		{"docs/feeds/exec.md", "sh", "load.sh", "/proc/loadavg", `"one"`},
		{"docs/feeds/exec.md", "python", "berths.py", "python3", `"depth":8.5`},
	} {
		t.Run(tt.page+" "+tt.name, func(t *testing.T) {
			if _, err := exec.LookPath(tt.wants); err != nil && tt.wants == "python3" {
				t.Fatal("there is no python3; .ci/install brings it")
			}
			if _, err := os.Stat("/proc/loadavg"); err != nil && tt.wants == "/proc/loadavg" {
				t.Skip("there is no /proc/loadavg")
			}
			page, err := os.ReadFile(tt.page)
			if err != nil {
				t.Fatal(err)
			}
			stem, _, _ := strings.Cut(tt.name, ".")
			var program, config string
			for _, block := range codeBlock.FindAllStringSubmatch(string(page), -1) {
				switch {
				case block[1] == tt.language && program == "":
					program = block[2]
				case block[1] == "yaml" && strings.Contains(block[2], "name: "+stem) && config == "":
					config = block[2]
				}
			}
			if program == "" || config == "" {
				t.Fatalf("the page has no %s or no configuration for it", tt.name)
			}
			t.Chdir(t.TempDir())
			if err := os.WriteFile(tt.name, []byte(program), 0o755); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Base(stem+".yaml"), config)
			var out, errs bytes.Buffer
			code := run(context.Background(), Inputs{Args: []string{"feeds", "try", stem + ".yaml", "-n", "1"}, ReadFile: os.ReadFile, Kinds: feedKinds(), Environ: os.Environ()}, &out, &errs)
			if code != 0 || !json.Valid(out.Bytes()) || !strings.Contains(out.String(), tt.prints) {
				t.Errorf("exit %d\n%s\n%s\nwant %s in it", code, out.String(), errs.String(), tt.prints)
			}
		})
	}
}
