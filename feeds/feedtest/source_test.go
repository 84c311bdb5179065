package feedtest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"tickertape/feeds"
)

func TestSourceAnswersByTheScript(t *testing.T) {
	for name, socket := range map[string]bool{"in memory": false, "on a socket": true} {
		t.Run(name, func(t *testing.T) {
			s := NewSource(Answer{Body: "one", Header: map[string]string{"ETag": `"1"`}}, Answer{Status: 429, Header: map[string]string{"Retry-After": "9"}}).
				On("/v1/points", Answer{Body: `{"a":1}`}).
				On("/cut", Answer{Body: "half", Cut: true}).
				On("/pace", Answer{Body: "a\nb\n", Pace: time.Millisecond})
			client, base := &http.Client{Transport: s}, "https://api.example"
			if socket {
				base, client = s.Start(t), &http.Client{Transport: &http.Transport{}}
				defer client.CloseIdleConnections()
			}
			get := func(path, etag string) (int, string, string, error) {
				t.Helper()
				req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, base+path, nil)
				if err != nil {
					t.Fatal(err)
				}
				if etag != "" {
					req.Header.Set("If-None-Match", etag)
				}
				res, err := client.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				defer res.Body.Close()
				body, err := io.ReadAll(res.Body)
				return res.StatusCode, string(body), res.Header.Get("Content-Type"), err
			}
			if code, body, _, err := get("/x", ""); code != 200 || body != "one" || err != nil {
				t.Errorf("first: %d %q %v", code, body, err)
			}
			for range 2 {
				if code, _, _, err := get("/x", ""); code != 429 || err != nil {
					t.Errorf("the last answer is not repeated: %d %v", code, err)
				}
			}
			if code, body, kind, err := get("/v1/points?at=1,2", ""); code != 200 || body != `{"a":1}` || kind != "application/json" || err != nil {
				t.Errorf("pattern: %d %q %s %v", code, body, kind, err)
			}
			if _, body, _, err := get("/cut", ""); body != "half" || !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("cut: %q %v", body, err)
			}
			if _, body, _, err := get("/pace", ""); body != "a\nb\n" || err != nil {
				t.Errorf("pace: %q %v", body, err)
			}
			asked := s.Requests()
			if len(asked) != 6 || asked[3].URL != base+"/v1/points?at=1,2" && !socket || asked[3].Method != "GET" {
				t.Errorf("%+v", asked)
			}
			s.On("", Answer{Body: "two", Header: map[string]string{"ETag": `"2"`}})
			if code, _, _, _ := get("/x", `"2"`); code != 304 {
				t.Errorf("a known validator gets %d", code)
			}
			if code, _, _, _ := get("/x", `"1"`); code != 200 {
				t.Errorf("an old validator gets %d", code)
			}
		})
	}
}

func TestSourceEndsWithItsClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewSource(Answer{Body: "x", Open: true}, Answer{Wait: time.Hour}, Answer{Fill: 1 << 40})
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		c := &http.Client{Transport: s}
		get := func() (*http.Response, error) {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://open.example/", nil)
			if err != nil {
				t.Fatal(err)
			}
			return c.Do(req)
		}
		open, err := get()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := get(); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("an answer that does not begin: %v", err)
		}
		if _, err := io.ReadAll(open.Body); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("an answer that does not end: %v", err)
		}
		open.Body.Close()
		ctx = context.Background()
		endless, err := get()
		if err != nil {
			t.Fatal(err)
		}
		endless.Body.Close() // the bubble fails if the answer goes on
	})
}

// A kind of some lines passes the suite with a source.
func TestKindWithSourcePasses(t *testing.T) {
	spec := pier()
	spec.Simulated, spec.Terms, spec.Attribution = false, "None.", "Pier"
	spec.New = func(options any, env feeds.Env) (feeds.Feed, error) {
		if _, ok := options.(*pierOptions); !ok {
			return nil, errors.New("options of another kind")
		}
		return feeds.Poll(func(ctx context.Context, c *http.Client) ([]feeds.Item, error) {
			var ships []struct{ ID, Name string }
			if _, err := feeds.GetJSON(ctx, c, "https://pier.example/ships", nil, &ships); err != nil {
				return nil, err
			}
			var items []feeds.Item
			for _, s := range ships {
				items = append(items, feeds.Item{ID: s.ID, Title: s.Name})
			}
			return items, nil
		}), nil
	}
	source := NewSource(Answer{Body: `[{"id":"a","name":"Ann"}]`})
	Run(t, spec, Config{Source: source, Items: 1})
}
