package exec

import (
	"errors"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"slices"
	"strings"

	"tickertape/feeds"
)

// scripts are the ends of names that are taken for files among a command's words.
var scripts = []string{".py", ".js", ".mjs", ".ts", ".sh", ".rb", ".pl", ".lua", ".php"}

// Check looks for the directory, the program, and the script that it is to run.
func (f *feed) Check() error {
	if f.opts.Dir != "" {
		if info, err := os.Stat(f.opts.Dir); err != nil || !info.IsDir() {
			return feeds.NeedsAttention(fmt.Errorf("dir %.200q is no directory", f.opts.Dir), "make it, or correct dir")
		}
	}
	program := f.opts.Command[0]
	if strings.ContainsRune(program, filepath.Separator) {
		program = f.path(program)
	}
	if _, err := osexec.LookPath(program); err != nil && !errors.Is(err, osexec.ErrDot) {
		return launchError(&f.opts, err)
	}
	for _, word := range f.opts.Command[1:] {
		if strings.HasPrefix(word, "-") {
			continue
		}
		if !slices.Contains(scripts, filepath.Ext(word)) {
			return nil // from here on they are the program's own business
		}
		if _, err := os.Stat(f.path(word)); err != nil {
			return feeds.NeedsAttention(fmt.Errorf("there is no %.200q", f.path(word)),
				"names in command are relative to dir, or without it to the directory that the server is started in")
		}
		return nil
	}
	return nil
}

// path returns where the program finds a file of that name.
func (f *feed) path(name string) string {
	if filepath.IsAbs(name) || f.opts.Dir == "" {
		return name
	}
	return filepath.Join(f.opts.Dir, name)
}
