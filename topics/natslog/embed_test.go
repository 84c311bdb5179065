package natslog

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

// What the server says after a kill is no warning; what it says otherwise stays one.
func TestAKillLeavesNoWarning(t *testing.T) {
	var said bytes.Buffer
	l := &serverLog{log: slog.New(slog.NewTextHandler(&said, nil))}
	for _, tt := range []struct{ format, level string }{
		{"Filestore [TICKERTAPE] TTL state is outdated; attempting to recover using linear scan (seq %d to %d)", "INFO"},
		{"Filestore [TICKERTAPE] Stream state outdated, found extra blocks, will rebuild (%d, %d)", "WARN"},
	} {
		said.Reset()
		l.Warnf(tt.format, 3, 9)
		if !strings.Contains(said.String(), "level="+tt.level+" ") {
			t.Errorf("logged as %swant %s", said.String(), tt.level)
		}
	}
}
