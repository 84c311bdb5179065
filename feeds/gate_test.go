package feeds

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

func TestPrivateAddresses(t *testing.T) {
	for text, want := range map[string]bool{
		"8.8.8.8": false, "1.1.1.1": false, "2606:4700::1111": false, "172.32.0.1": false, "64:ff9b::808:808": false,
		"10.0.0.1": true, "172.16.0.1": true, "192.168.1.1": true, "127.0.0.1": true, "::1": true, "0.0.0.0": true, "::": true,
		"169.254.169.254": true, "fe80::1%eth0": true, "fd00:ec2::254": true, "fc00::1": true, "100.64.0.1": true, "198.18.0.1": true,
		"224.0.0.1": true, "ff02::1": true, "255.255.255.255": true, "240.0.0.1": true, "192.0.0.192": true, "fec0::1": true,
		"::ffff:10.0.0.1": true, "::10.0.0.1": true, "64:ff9b::a00:1": true, "64:ff9b::a9fe:a9fe": true, "2002:7f00:1::": true,
	} {
		if got := isPrivate(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: private is %t, want %t", text, got, want)
		}
	}
	for host, want := range map[string]bool{
		"news.example": false, "localhost": true, "LOCALHOST.": true, "nas": true, "nas.local": true, "x.internal": true, "10.1.2.3": true,
		"printer.lan": true, "8.8.8.8": false, "a.b.home.arpa": true, "localhost.example": false,
	} {
		if got := namesPrivate(host); got != want {
			t.Errorf("%s: names a private host is %t, want %t", host, got, want)
		}
	}
}

// What a name is resolved to is what counts: it is looked at when it is dialled.
func TestDialIsRefused(t *testing.T) {
	for _, tt := range []struct {
		name, first, then string // addresses; then is where first redirects to
		gate              gate
		dial              string
		refused           bool
	}{
		{"public", "https://news.example/", "", gate{}, "93.184.215.14:443", false},
		{"a public name for a private address", "https://news.example/", "", gate{}, "10.0.0.7:443", true},
		{"a public name for the loopback", "http://news.example/", "", gate{}, "[::1]:80", true},
		{"a public name for the metadata of a cloud", "http://news.example/", "", gate{}, "169.254.169.254:80", true},
		{"a configured private name", "http://nas.local/", "", gate{}, "192.168.1.9:80", false},
		{"a private name for the metadata of a cloud", "http://metadata.internal/", "", gate{}, "169.254.169.254:80", true},
		{"a configured address", "http://192.168.1.9/", "", gate{}, "192.168.1.9:80", false},
		{"a redirect within a configured private host", "http://nas.local/", "http://nas.local:8080/x", gate{}, "192.168.1.9:8080", false},
		{"a redirect from there to a public name", "http://nas.local/", "http://news.example/", gate{}, "192.168.1.10:80", true},
		{"all allowed", "https://news.example/", "http://10.0.0.7/", gate{open: true}, "10.0.0.7:80", false},
		{"by a proxy", "https://news.example/", "", gate{proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: "10.0.0.1:3128"})}, "10.0.0.1:3128", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx, err := tt.gate.admit(requestOf(t, tt.first, tt.then))
			if err != nil {
				t.Fatal(err)
			}
			err = tt.gate.control(ctx, "tcp", tt.dial, nil)
			if tt.refused != errors.Is(err, errPrivate) {
				t.Errorf("dial %s: %v", tt.dial, err)
			}
		})
	}
	if err := new(gate).control(context.Background(), "tcp", "127.0.0.1:80", nil); err == nil {
		t.Error("a dial that nobody admitted is not refused")
	}
}

// Redirects are looked at before anything is dialled, since a connection may be open
// already, and a proxy would resolve the name.
func TestRedirectToPrivateHostIsRefused(t *testing.T) {
	for _, then := range []string{
		"http://169.254.169.254/latest/meta-data/", "http://[::ffff:169.254.169.254]/", "http://localhost:8081/metrics", "http://127.0.0.1/",
		"http://[::1]/", "http://10.0.0.1/", "http://nas/", "http://metadata.google.internal/", "http://0.0.0.0/", "https://2130706433/",
		"file:///etc/passwd", "gopher://news.example/",
	} {
		for name, g := range map[string]*gate{"": {}, "by a proxy": {proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: "10.0.0.1:3128"})}} {
			if _, err := g.admit(requestOf(t, "https://news.example/", then)); err == nil {
				t.Errorf("a redirect to %s %s is admitted", then, name)
			}
			if _, err := g.admit(requestOf(t, "http://nas.local/", then)); err == nil {
				t.Errorf("a redirect of a private host to %s %s is admitted", then, name)
			}
		}
	}
}

func requestOf(t *testing.T, first, then string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, first, nil)
	if err != nil {
		t.Fatal(err)
	}
	if then == "" {
		return req
	}
	next, err := http.NewRequestWithContext(context.Background(), http.MethodGet, then, nil)
	if err != nil {
		t.Fatal(err)
	}
	next.Response = &http.Response{Request: req}
	return next
}

// A WebSocket and an event stream go through the same client, and outlast its limits.
func TestConnectionsThatStayOpen(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer c.CloseNow()
		for {
			kind, text, err := c.Read(r.Context())
			if err != nil || c.Write(r.Context(), kind, text) != nil {
				return
			}
		}
	}))
	defer server.Close()
	f := NewFetcher(FetchOptions{})
	defer f.Close()
	client := f.Client(Spec{}, Env{ID: "a", Timeout: 50 * time.Millisecond})
	for range maxInFlight + 1 { // one that is open is not in flight
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		c, res, err := websocket.Dial(ctx, server.URL, &websocket.DialOptions{HTTPClient: client})
		if err != nil {
			t.Fatal(err)
		}
		defer c.CloseNow()
		if agent := res.Request.Header.Get("User-Agent"); agent != "tickertape/dev" {
			t.Errorf("agent %q", agent)
		}
		timer := time.NewTimer(100 * time.Millisecond) // longer than an answer may take
		<-timer.C
		if err := c.Write(ctx, websocket.MessageText, []byte("ping")); err != nil {
			t.Fatal(err)
		}
		if _, text, err := c.Read(ctx); string(text) != "ping" || err != nil {
			t.Errorf("%q, %v", text, err)
		}
	}
}

// The same over real sockets.
func TestNetwork(t *testing.T) {
	secret := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "secret") }))
	defer secret.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, strings.Replace(secret.URL, "127.0.0.1", "localhost", 1), http.StatusFound)
		case "/gzip":
			if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
				t.Error("gzip is not asked for")
			}
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			io.WriteString(z, "small")
			z.Close()
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			for range 12 {
				if _, err := z.Write(make([]byte, 1<<20)); err != nil {
					return
				}
			}
			z.Close()
		case "/long":
			w.Header().Set("Content-Length", "5368709120")
			w.WriteHeader(http.StatusOK)
		}
	}))
	defer server.Close()
	f := NewFetcher(FetchOptions{})
	defer f.Close()
	c := f.Client(Spec{}, Env{ID: "a", Timeout: 10 * time.Second})
	get := func(address string) (string, error) {
		d, err := Get(context.Background(), c, address, nil)
		if err != nil {
			return "", err
		}
		return string(d.Body), nil
	}
	if body, err := get(server.URL + "/gzip"); body != "small" || err != nil {
		t.Errorf("%q, %v", body, err)
	}
	for path, want := range map[string]error{"/away": errPrivate, "/bomb": errBody, "/long": errBody} {
		if body, err := get(server.URL + path); !errors.Is(err, want) {
			t.Errorf("%s: %q, %v; want %v", path, body, err, want)
		}
	}
	if body, err := get(secret.URL); body != "secret" || err != nil {
		t.Errorf("what is configured is refused: %q, %v", body, err)
	}
}
