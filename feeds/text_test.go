package feeds

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
)

func TestStatusTextHoldsNoSecrets(t *testing.T) {
	err := fmt.Errorf("fetch: %w", &url.Error{Op: "Get", URL: "https://me:pass@w.example/x?appid=SECRET#f", Err: errors.New("no\nroute\x00")})
	if got, want := errorText(err), `fetch: Get "https://w.example/x?...": no route`; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := cleanText(strings.Repeat("é", 1000)); len(got) > maxText+3 {
		t.Errorf("%d bytes of text kept", len(got))
	}
}
