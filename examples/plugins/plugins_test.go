// Package plugins_test runs the example programs as a server would.
package plugins_test

import (
	"context"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tickertape/feeds"
	feedexec "tickertape/feeds/exec"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Each program keeps the rules of the kind exec and prints what the others print.
func TestPrograms(t *testing.T) {
	compiled := filepath.Join(t.TempDir(), "disk-go")
	if out, err := exec.Command("go", "build", "-o", compiled, "./disk").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	for name, command := range map[string][]string{
		"sh":     {"./disk.sh"},
		"python": {"python3", "disk.py"},
		"node":   {"node", "disk.mjs"},
		"go":     {compiled},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			items := 0
			findings, err := feedexec.Verify(ctx, feedexec.VerifyOptions{
				Options: feedexec.Options{Command: command, Config: json.RawMessage(`{"mounts":["/"]}`)},
				Env:     feeds.Env{ID: "disk", Topic: "disk"},
				Wait:    30 * time.Second, Quiet: 200 * time.Millisecond, Input: 10 * time.Second,
				Accept: func(_ context.Context, _ string, data []byte) error {
					var got struct {
						Mount   string
						Percent float64
						FreeGB  *float64 `json:"free_gb"`
					}
					if err := json.Unmarshal(data, &got); err != nil {
						return err
					}
					if got.Mount == "/" && got.Percent > 0 && got.Percent <= 100 && got.FreeGB != nil {
						items++
					}
					return nil
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range findings {
				if f.State == feedexec.Broken {
					t.Errorf("%s: %s\n%s", f.Rule, f.Detail, f.Remedy)
				}
				if f.Rule == `it answers "poll now"` && f.State != feedexec.Kept {
					t.Errorf("%s: %s", f.Rule, f.Detail)
				}
			}
			if items == 0 {
				t.Error("nothing is said of /")
			}
		})
	}
}
