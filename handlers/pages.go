package handlers

import (
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/gin-gonic/gin"
)

// policy is what a page may do: use our own scripts, styles and streams, nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// contentTypes does not depend on what the system has registered.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".svg":  "image/svg+xml",
	".png":  "image/png",
	".json": "application/json",
	".txt":  "text/plain; charset=utf-8",
	".ico":  "image/x-icon",

	".webmanifest": "application/manifest+json",
	".woff2":       "font/woff2",
}

type page struct {
	contentType, tag string
	body             []byte
}

// pages serves the embedded files, which never change while the process runs.
func (h *Handlers) pages() gin.HandlerFunc {
	files := map[string]page{}
	if h.opts.Pages != nil {
		_ = fs.WalkDir(h.opts.Pages, ".", func(name string, d fs.DirEntry, err error) error {
			contentType := contentTypes[path.Ext(name)]
			if err != nil || d.IsDir() || contentType == "" {
				return err
			}
			body, err := fs.ReadFile(h.opts.Pages, name)
			if err != nil {
				return err
			}
			files["/"+name] = page{contentType: contentType, tag: tagOf(body), body: body}
			if path.Base(name) == "index.html" {
				files[strings.TrimSuffix("/"+name, "index.html")] = files["/"+name]
			}
			return nil
		})
	}
	return func(c *gin.Context) {
		file, ok := files[c.Request.URL.Path]
		if !ok {
			h.nothing(c)
			return
		}
		if c.Request.Method != http.MethodGet && c.Request.Method != http.MethodHead {
			c.Header("Allow", "GET, HEAD")
			h.fail(c, &problem{Status: http.StatusMethodNotAllowed, Detail: "a page can only be read"})
			return
		}
		header := c.Writer.Header()
		header.Set("Content-Security-Policy", policy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cache-Control", "no-cache") // asks each time, and mostly gets a 304
		header.Set("ETag", file.tag)
		if isKnown(c.Request, file.tag) {
			c.Status(http.StatusNotModified)
			return
		}
		c.Data(http.StatusOK, file.contentType, file.body)
	}
}
