package handlers

import (
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
	}
	s := start(t, setup{options: Options{Pages: files}})
	tags := map[string]string{}
	for path, contentType := range map[string]string{
		"/": "text/html; charset=utf-8", "/index.html": "text/html; charset=utf-8", "/js/main.js": "text/javascript; charset=utf-8",
		"/css/page.css": "text/css; charset=utf-8", "/favicon.svg": "image/svg+xml", "/wall/": "text/html; charset=utf-8",
		"/?type=news&kiosk=1": "text/html; charset=utf-8",
	} {
		a := s.get(path)
		if a.StatusCode != 200 || a.Header.Get("Content-Type") != contentType || a.body == "" {
			t.Errorf("GET %s: %d %s", path, a.StatusCode, a.Header.Get("Content-Type"))
		}
		csp := a.Header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
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
	if tags["/"] == tags["/wall/"] || tags["/"] != tags["/index.html"] {
		t.Errorf("tags %v", tags)
	}
	for _, path := range []string{"/nothing", "/doc.go", "/js/", "/js", "/wall", "/../index.html", "/%2e%2e/index.html", "//", "/js/..%2findex.html"} {
		if a := s.get(path); a.StatusCode != 404 || a.problem(t).Status != 404 {
			t.Errorf("GET %s: %d %.60s", path, a.StatusCode, a.body)
		}
	}
}
