package rss

import (
	"strings"
	"testing"
)

func TestRefuseWhatCostsTooMuchMemory(t *testing.T) {
	for name, body := range map[string]string{
		"items":    "<rss><channel>" + strings.Repeat("<item/>", maxEntries+1) + "</channel></rss>",
		"entries":  "<feed>" + strings.Repeat("<a:Entry />", maxEntries+1) + "</feed>",
		"elements": "<rss><channel><item>" + strings.Repeat("<x/>", maxTags) + "</item></channel></rss>",
		"objects":  `{"version":"https://jsonfeed.org/version/1.1","items":[` + strings.Repeat("{},", maxObjects) + "{}]}",
	} {
		if err := refuse([]byte(body)); err == nil || !strings.Contains(err.Error(), "more than 50000 items") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if err := refuse([]byte("<rss><channel>" + strings.Repeat("<item><title>a</title></item>", maxEntries) + "</channel></rss>")); err != nil {
		t.Errorf("as many items as are allowed: %v", err)
	}
}
