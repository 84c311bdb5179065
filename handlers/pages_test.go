package handlers

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func TestPages(t *testing.T) {
	files := fstest.MapFS{
		"index.html":      {Data: []byte("<!doctype html>start")},
		"js/main.js":      {Data: []byte("export {}")},
		"css/page.css":    {Data: []byte("body{}")},
		"favicon.svg":     {Data: []byte("<svg/>")},
		"wall/index.html": {Data: []byte("<!doctype html>wall")},
		"doc.go":          {Data: []byte("package public")},
		"kiosk.html":      {Data: []byte("<!doctype html>kiosk")},
	}
	s := start(t, setup{options: Options{Pages: files}})
	tags := map[string]string{}
	for path, contentType := range map[string]string{
		"/": "text/html; charset=utf-8", "/kiosk": "text/html; charset=utf-8", "/kiosk?v=v0.0.0%2Btest": "text/html; charset=utf-8", "/js/main.js": "text/javascript; charset=utf-8",
		"/css/page.css": "text/css; charset=utf-8", "/favicon.svg": "image/svg+xml", "/wall/": "text/html; charset=utf-8",
		"/?type=news&kiosk=1": "text/html; charset=utf-8",
	} {
		a := s.get(path)
		if a.StatusCode != 200 || a.Header.Get("Content-Type") != contentType || a.body == "" {
			t.Errorf("GET %s: %d %s", path, a.StatusCode, a.Header.Get("Content-Type"))
		}
		csp := a.Header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors ", "base-uri 'none'"} {
			if !strings.Contains(csp, want) {
				t.Errorf("GET %s: policy %q lacks %s", path, csp, want)
			}
		}
		if strings.Contains(csp, "unsafe") || a.Header.Get("X-Content-Type-Options") != "nosniff" || a.Header.Get("Cache-Control") != "no-cache" {
			t.Errorf("GET %s: headers %v", path, a.Header)
		}
		tag := a.Header.Get("ETag")
		tags[path] = tag
		for _, known := range []string{tag, "W/" + tag, `"old", ` + tag} { // a proxy that compresses weakens it
			if b := s.get(path, "If-None-Match: "+known); b.StatusCode != 304 || b.body != "" || b.Header.Get("ETag") != tag {
				t.Errorf("GET %s with %s: %d", path, known, b.StatusCode)
			}
		}
		if b := s.get(path, `If-None-Match: "other"`); b.StatusCode != 200 {
			t.Errorf("GET %s with another tag: %d", path, b.StatusCode)
		}
		head := s.do("HEAD", path, "")
		if head.StatusCode != 200 || head.body != "" || head.Header.Get("ETag") != tag || head.ContentLength != int64(len(a.body)) {
			t.Errorf("HEAD %s: %d, %d bytes", path, head.StatusCode, head.ContentLength)
		}
		if b := s.do("POST", path, ""); b.problem(t).Status != 405 || b.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("POST %s: %d", path, b.StatusCode)
		}
	}
	if tags["/"] == tags["/wall/"] || tags["/"] == tags["/kiosk"] {
		t.Errorf("tags %v", tags)
	}
	for _, path := range []string{"/nothing", "/doc.go", "/index.html", "/index", "/kiosk.html", "/kiosk/", "/js/", "/js", "/wall", "/../index.html", "/%2e%2e/index.html", "//", "/js/..%2findex.html"} {
		if a := s.get(path); a.StatusCode != 404 || a.problem(t).Status != 404 {
			t.Errorf("GET %s: %d %.60s", path, a.StatusCode, a.body)
		}
	}
}

// Who may frame a page, what it may frame, and what the builder learns of it.
func TestFraming(t *testing.T) {
	files := fstest.MapFS{}
	for _, name := range []string{"index", "kiosk", "embed", "build", "chat", "monitor"} {
		files[name+".html"] = &fstest.MapFile{Data: []byte("<!doctype html>" + name)}
	}
	files["js/ticker-tape.js"] = &fstest.MapFile{Data: []byte("export {}")}
	const partner = "https://page.example"
	for _, tt := range []struct {
		name      string
		origins   []string
		ancestors string
		settings  string
		allow     string
	}{
		{"none", nil, "frame-ancestors 'self'", `{"build":"v0.0.0+test","origins":[]}`, ""},
		{"one", []string{partner}, "frame-ancestors 'self' https://page.example", `{"build":"v0.0.0+test","origins":["https://page.example"]}`, partner},
		{"all", []string{"*"}, "frame-ancestors 'self' *", `{"build":"v0.0.0+test","origins":["*"]}`, partner},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := start(t, setup{options: Options{Pages: files, CORSOrigins: tt.origins}})
			for _, path := range []string{"/", "/kiosk", "/embed", "/build", "/chat", "/monitor"} {
				parts := strings.Split(s.get(path).Header.Get("Content-Security-Policy"), "; ")
				want := "frame-ancestors 'none'"
				if path == "/kiosk" || path == "/embed" {
					want = tt.ancestors
				}
				if !slices.Contains(parts, want) {
					t.Errorf("%s: policy %q; want %s", path, parts, want)
				}
				if got := slices.Contains(parts, "frame-src 'self'"); got != (path == "/build") {
					t.Errorf("%s: policy %q", path, parts)
				}
			}
			if got := strings.TrimSpace(s.get("/settings.json").body); got != tt.settings {
				t.Errorf("settings %s; want %s", got, tt.settings)
			}
			if got := s.get("/js/ticker-tape.js", "Origin: "+partner).Header.Get("Access-Control-Allow-Origin"); got != tt.allow {
				t.Errorf("the element for %s: Access-Control-Allow-Origin %q; want %q", partner, got, tt.allow)
			}
		})
	}
	for _, origin := range []string{"https://a.example;script-src", "https://a.example'x"} {
		if _, err := New(Options{Catalogue: testCatalogue(t), CORSOrigins: []string{origin}}); err == nil {
			t.Errorf("origin %q is accepted", origin)
		}
	}
}

// A file that is asked for by its build may be kept for ever, a page never.
func TestCachingByBuild(t *testing.T) {
	files := fstest.MapFS{"index.html": {Data: []byte("x")}, "js/main.js": {Data: []byte("x")}, "css/base.css": {Data: []byte("x")}}
	const forever = "public, max-age=31536000, immutable"
	for _, tt := range []struct{ build, path, want string }{
		{"v1.2.3+1a2b3c4", "/js/main.js", "no-cache"},
		{"v1.2.3+1a2b3c4", "/js/main.js?v=v1.2.3%2B1a2b3c4", forever},
		{"v1.2.3+1a2b3c4", "/css/base.css?v=v1.2.3+1a2b3c4", forever},
		{"v1.2.3+1a2b3c4", "/js/main.js?v=v1.2.2", "no-cache"},
		{"v1.2.3+1a2b3c4", "/?v=v1.2.3%2B1a2b3c4", "no-cache"},
		{"v1.2.3+1a2b3c4.dirty", "/js/main.js?v=v1.2.3%2B1a2b3c4.dirty", "no-cache"},
		{"devel", "/js/main.js?v=devel", "no-cache"},
	} {
		s := start(t, setup{options: Options{Pages: files, Build: tt.build}})
		if got := s.get(tt.path).Header.Get("Cache-Control"); got != tt.want {
			t.Errorf("%s of %s: %q; want %q", tt.path, tt.build, got, tt.want)
		}
	}
}
