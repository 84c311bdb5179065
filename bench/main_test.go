package main

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// The test binary plays the program's roles as the program itself does.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == roleArgument {
		if err := runRole(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

func TestParseOptions(t *testing.T) {
	for _, tt := range []struct {
		args []string
		ok   bool
	}{
		{nil, true},
		{[]string{"-quick", "-only", "flood"}, true},
		{[]string{"-rounds", "0"}, false},
		{[]string{"-server-cores", "0,2"}, true},
		{[]string{"-server-cores", "zero"}, false},
		{[]string{"-load-core", "-1"}, false},
		{[]string{"flood"}, false},
	} {
		if _, err := parseOptions(tt.args); (err == nil) != tt.ok {
			t.Errorf("parseOptions(%q): %v; want ok %t", tt.args, err, tt.ok)
		}
	}
}
