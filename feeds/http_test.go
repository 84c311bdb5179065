package feeds

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestClientIsPoliteAndBounded(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/agent":
			io.WriteString(w, r.UserAgent())
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/big":
			for range 6 {
				w.Write(make([]byte, 1<<20))
			}
		}
	}))
	defer server.Close()
	client := NewClient("tickertape/test", 10*time.Second)
	defer client.CloseIdleConnections()
	get := func(path string) (string, error) {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := client.Do(req)
		if err != nil {
			return "", err
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		return string(body), err
	}
	if agent, err := get("/agent"); agent != "tickertape/test" || err != nil {
		t.Errorf("agent %q, %v", agent, err)
	}
	if _, err := get("/loop"); err == nil || !strings.Contains(err.Error(), "redirects") {
		t.Errorf("a loop of redirects: %v", err)
	}
	if body, err := get("/big"); !errors.Is(err, errBody) || len(body) != maxBody {
		t.Errorf("%d bytes read, %v; want %d and the limit's error", len(body), err, maxBody)
	}
}

func TestStatusTextHoldsNoSecrets(t *testing.T) {
	err := fmt.Errorf("fetch: %w", &url.Error{Op: "Get", URL: "https://me:pass@w.example/x?appid=SECRET#f", Err: errors.New("no\nroute\x00")})
	if got, want := errorText(err), `fetch: Get "https://w.example/x?...": no route`; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := cleanText(strings.Repeat("é", 1000)); len(got) > maxText+3 {
		t.Errorf("%d bytes of text kept", len(got))
	}
}
