package eventsource

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tickertape/feeds"
	"tickertape/feeds/feedtest"
)

// The recorder prints on a log with the epoch "edge".
func TestRelayOfItselfStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &tape{}
		asked, err := relayFor(t, p, source(
			[]feedtest.Answer{snapshotOf("edge-9")},
			[]feedtest.Answer{{Header: ndjson, Open: true, Body: resumed +
				event("edge-10", "news", "a", `{"id":"a","title":"Ferry"}`) + "\n" +
				event("edge-11", "news", "a", `{"id":"a","title":"Ferry"}`) + "\n"}},
		), 20*time.Second)
		hint, attention := feeds.Hint(err)
		if !attention || !strings.Contains(err.Error(), "this server itself") || !strings.Contains(hint, "set url to another") {
			t.Errorf("got %v (%s)", err, hint)
		}
		if len(asked) != 2 {
			t.Errorf("asked %d times", len(asked))
		}
	})
}
