package handlers

import (
	"slices"
	"strings"
	"testing"
)

func TestCORS(t *testing.T) {
	const page, other = "https://page.example", "https://other.example"
	for _, tt := range []struct {
		name           string
		origins        []string
		origin         string
		allow          string // Access-Control-Allow-Origin
		credentials    bool
		vary           bool
		keylessPublish int
	}{
		{"none configured", nil, page, "", false, false, 403},
		{"named", []string{page, "https://second.example"}, page, page, true, true, 201},
		{"not named", []string{page}, other, "", false, true, 403},
		{"almost", []string{page}, page + ".evil.example", "", false, true, 403},
		{"null", []string{page}, "null", "", false, true, 403},
		{"any", []string{"*"}, other, other, false, true, 201},
		{"any, and one by name", []string{"*", page}, page, page, true, true, 201},
		{"no origin", []string{page}, "", "", false, true, 201},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := start(t, setup{options: Options{CORSOrigins: tt.origins}})
			var headers []string
			if tt.origin != "" {
				headers = append(headers, "Origin: "+tt.origin)
			}
			check := func(what string, a answerOf) {
				t.Helper()
				if got := a.Header.Get("Access-Control-Allow-Origin"); got != tt.allow {
					t.Errorf("%s: Access-Control-Allow-Origin %q; want %q", what, got, tt.allow)
				}
				if got := a.Header.Get("Access-Control-Allow-Credentials") == "true"; got != tt.credentials {
					t.Errorf("%s: credentials %v; want %v", what, got, tt.credentials)
				}
				if got := slices.Contains(a.Header.Values("Vary"), "Origin"); got != tt.vary {
					t.Errorf("%s: Vary %q", what, a.Header.Values("Vary"))
				}
			}
			c := s.open("/latest?type=news", headers...)
			check("stream", answerOf{Response: c.response})
			_, a := s.page("/latest?type=news", headers...)
			check("JSON", a)
			check("problem", s.get("/latest?typ=news", headers...))
			check("nothing", s.get("/nothing", headers...))
			a = s.do("POST", "/latest/chat", `"hi"`, append(headers, "Content-Type: application/json")...)
			check("publish", a)
			if a.StatusCode != tt.keylessPublish {
				t.Errorf("publish without a key: %d %s; want %d", a.StatusCode, a.body, tt.keylessPublish)
			}
			a = s.do("OPTIONS", "/latest", "", append(headers, "Access-Control-Request-Method: GET", "Access-Control-Request-Headers: last-event-id")...)
			check("preflight", a)
			if tt.allow == "" {
				if a.StatusCode == 204 {
					t.Error("preflight is granted")
				}
				return
			}
			names := strings.ToLower(a.Header.Get("Access-Control-Allow-Headers"))
			for _, name := range []string{"last-event-id", "authorization", "content-type", "idempotency-key", "cache-control", "if-none-match"} {
				if !strings.Contains(names, name) {
					t.Errorf("preflight allows %q; want %s too", names, name)
				}
			}
			if a.StatusCode != 204 || !strings.Contains(a.Header.Get("Access-Control-Allow-Methods"), "DELETE") {
				t.Errorf("preflight: %d %v", a.StatusCode, a.Header)
			}
		})
	}
}

// A page elsewhere must not write through its visitors' browsers, whatever it makes
// of the Content-Type to go without a preflight.
func TestForeignPageCannotPublish(t *testing.T) {
	s := start(t, setup{})
	for _, headers := range [][]string{
		{"Origin: https://evil.example", "Content-Type: text/plain"},
		{"Sec-Fetch-Site: cross-site", "Content-Type: text/plain"},
		{"Sec-Fetch-Site: same-site", "Origin: https://evil.example", "Content-Type: text/plain"},
	} {
		if a := s.do("POST", "/latest/chat", "hi", headers...); a.problem(t).Status != 403 {
			t.Errorf("%v: %d", headers, a.StatusCode)
		}
	}
	for _, headers := range [][]string{
		{"Origin: " + s.server.URL, "Content-Type: text/plain"},
		{"Sec-Fetch-Site: same-origin", "Content-Type: text/plain"},
	} {
		if a := s.do("POST", "/latest/chat", "hi", headers...); a.StatusCode != 201 {
			t.Errorf("%v: %d %s; want 201 for our own pages", headers, a.StatusCode, a.body)
		}
	}
}

func TestOriginThatIsNone(t *testing.T) {
	for _, origin := range []string{"page.example", "https://page.example/", "https://page.example/path"} {
		if _, err := New(Options{Catalogue: testCatalogue(t), CORSOrigins: []string{origin}}); err == nil {
			t.Errorf("origin %q is accepted", origin)
		}
	}
}
