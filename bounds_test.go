package main

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"testing"
)

// What the file bounds is bounded, and operators see it; the public address does not
// show it.
func TestBoundsAndOperators(t *testing.T) {
	eachIO(t, func(t *testing.T, io string) {
		ctx := testContext(t)
		s, _ := launchServer(t, testConfig(t, func(c *Config) { c.IO, c.MaxStreams = io, 2 }), slog.New(slog.DiscardHandler))
		address, admin := "http://"+s.publicListener.Addr().String(), "http://"+s.adminListener.Addr().String()
		for _, screen := range []string{"hall", "yard"} {
			c := &client{t: t, url: address + "/latest/lines?screen=" + screen}
			if err := c.open(ctx); err != nil {
				t.Fatal(err)
			}
			defer c.close()
			c.until("live")
		}
		third := &client{t: t, url: address + "/latest/lines"}
		if err := third.open(ctx); err != nil {
			t.Fatal(err)
		}
		defer third.close()
		if e, err := third.next(); err != nil || e.Type != "bye" || !strings.Contains(string(e.Data), `"overload"`) {
			t.Errorf("the third stream begins with %s %s (%v); want bye, overload", e.Type, e.Data, err)
		}
		var list struct {
			Streams []struct {
				Screen, Address, Topics, Position string
				Lag                               int
			}
		}
		getJSON(t, admin+"/streams", &list)
		if len(list.Streams) != 2 || list.Streams[0].Screen != "hall" || list.Streams[1].Screen != "yard" ||
			list.Streams[0].Address != "127.0.0.1" || list.Streams[0].Topics != "lines" || list.Streams[0].Position == "" {
			t.Errorf("streams: %+v", list.Streams)
		}
		res, err := http.Get(address + "/streams")
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusNotFound {
			t.Errorf("the public address answers /streams with %s", res.Status)
		}
	})
}

func getJSON(t *testing.T, url string, v any) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(v); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s, %v", url, res.Status, err)
	}
}
