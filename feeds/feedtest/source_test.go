package feedtest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
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

// The suite must find the bad manners that it is there to find.
func TestBadMannersAreFound(t *testing.T) {
	type options struct {
		Key string `option:"key" doc:"A key." secret:"true"`
	}
	kind := func(fetch func(ctx context.Context, c *http.Client) ([]feeds.Item, error)) feeds.Spec {
		s := pier()
		s.Simulated, s.Options, s.Floor = false, &options{}, time.Minute
		s.New = func(any, feeds.Env) (feeds.Feed, error) { return feeds.Poll(fetch), nil }
		return s
	}
	item := []feeds.Item{{ID: "a", Title: "x"}}
	get := func(ctx context.Context, c *http.Client, header http.Header) (*feeds.Document, error) {
		return feeds.Get(ctx, c, "https://pier.example/", header)
	}
	bad := func(name string) func(*suite) error {
		for _, b := range badAnswers {
			if b.name == name {
				return func(s *suite) error { return s.checkBad(b) }
			}
		}
		t.Fatalf("there is no bad answer %q", name)
		return nil
	}
	for name, tt := range map[string]struct {
		fetch func(ctx context.Context, c *http.Client) ([]feeds.Item, error)
		check func(*suite) error
		want  string
	}{
		"another agent": {func(ctx context.Context, c *http.Client) ([]feeds.Item, error) {
			_, err := get(ctx, c, http.Header{"User-Agent": {"Browser"}})
			return item, err
		}, func(s *suite) error { return s.checkManners(nil) }, "Browser"},
		"too often": {func(ctx context.Context, c *http.Client) ([]feeds.Item, error) {
			for range 2 {
				time.Sleep(5 * time.Second)
				if _, err := get(ctx, c, http.Header{"Cache-Control": {"no-cache"}}); err != nil {
					return nil, err
				}
			}
			return item, nil
		}, func(s *suite) error { return s.checkManners(nil) }, "want at least the floor"},
		"deaf": {func(context.Context, *http.Client) ([]feeds.Item, error) { return item, nil },
			func(s *suite) error { return s.checkManners(nil) }, "nothing was asked"},
		"anything goes": {func(ctx context.Context, c *http.Client) ([]feeds.Item, error) {
			_, err := get(ctx, c, nil)
			return item, err
		}, bad("HTML in place of data"), "1 items are printed all the same"},
		"never mind": {func(ctx context.Context, c *http.Client) ([]feeds.Item, error) {
			_, _ = get(ctx, c, nil)
			return nil, nil
		}, bad("500"), "nobody is told"},
		"at once again": {func(ctx context.Context, c *http.Client) ([]feeds.Item, error) {
			if _, err := get(ctx, c, http.Header{"Range": {"bytes=0-"}}); err == nil {
				return item, nil
			}
			return nil, nil
		}, bad("429 with Retry-After"), "asked again before its time"},
		"panic": {func(ctx context.Context, c *http.Client) ([]feeds.Item, error) {
			d, err := get(ctx, c, nil)
			if err != nil {
				return nil, err
			}
			return item, errors.New(string(d.Body[0]))
		}, bad("an empty answer"), "the feed panics"},
		"silent death": {func(ctx context.Context, c *http.Client) ([]feeds.Item, error) {
			if _, err := get(ctx, c, nil); err != nil {
				return nil, feeds.Fatal(err)
			}
			return item, nil
		}, bad("500"), "gives up for good"},
		"a secret in an error": {func(ctx context.Context, c *http.Client) ([]feeds.Item, error) {
			return nil, errors.New("the key is sesame-open")
		}, func(s *suite) error { return s.checkSecrets(nil) }, "secret option is in a status"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, err := newSuite(kind(tt.fetch), Config{Options: &options{Key: "sesame-open"}, Source: NewSource(Answer{Body: "[]"})})
				if err != nil {
					t.Fatal(err)
				}
				s.sleep()
				if err := tt.check(s); err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("%v; want an error with %q", err, tt.want)
				}
			})
		})
	}
}
