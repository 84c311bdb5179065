package handlers

import (
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/gin-gonic/gin"
)

// A page may use our own scripts, styles and streams, nothing else. What it may be
// framed by, and frame itself, is added for each page.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'"

// framed are the pages that others may show in a frame: our own builder, and the
// configured origins. They show public data and can do nothing.
var framed = map[string]bool{"/kiosk": true, "/embed": true}

// framing is the page that shows those in a frame.
const framing = "/build"

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

// A page is one file as it is served. Immutable.
type page struct {
	contentType, tag, policy string
	body                     []byte
}

// siteSettings is the answer of GET /settings.json.
type siteSettings struct {
	Build   string   `json:"build"`
	Origins []string `json:"origins" doc:"origins whose pages may read the streams, use the ticker element, and frame /kiosk and /embed; * for all"`
}

// getSettings answers GET /settings.json: what a page of ours must know of its server.
func (h *Handlers) getSettings(c *gin.Context) {
	answer(c, siteSettings{Build: h.opts.Build, Origins: append([]string{}, h.opts.CORSOrigins...)})
}

// policyOf is the Content-Security-Policy of the page at an address.
func (h *Handlers) policyOf(address string) string {
	ancestors := "'none'"
	if framed[address] {
		ancestors = strings.Join(append([]string{"'self'"}, h.opts.CORSOrigins...), " ")
	}
	if address == framing {
		return policy + "; frame-src 'self'; frame-ancestors " + ancestors
	}
	return policy + "; frame-ancestors " + ancestors
}

// addressOf is where the file of a name is served: index.html is its folder, and
// every other page goes without its extension.
func addressOf(name string) string {
	if path.Base(name) == "index.html" {
		return strings.TrimSuffix("/"+name, "index.html")
	}
	return strings.TrimSuffix("/"+name, ".html")
}

// caching says for how long an answer may be used. A page, or a file that is asked for
// by its name alone, is asked for again each time, and mostly gets a 304. A file that is
// asked for as of this build (?v=BUILD) never changes, unless the build is a
// developer's, who changes files without changing its name.
func (h *Handlers) caching(c *gin.Context, file page) string {
	build := h.opts.Build
	asked := strings.ReplaceAll(c.Query("v"), " ", "+") // a plus that was not escaped
	if build == "" || asked != build || file.contentType == contentTypes[".html"] || build == "devel" || strings.HasSuffix(build, "dirty") {
		return "no-cache"
	}
	return "public, max-age=31536000, immutable"
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
			address := addressOf(name)
			files[address] = page{contentType: contentType, tag: tagOf(body), policy: h.policyOf(address), body: body}
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
		header.Set("Content-Security-Policy", file.policy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cache-Control", h.caching(c, file))
		header.Set("ETag", file.tag)
		if isKnown(c.Request, file.tag) {
			c.Status(http.StatusNotModified)
			return
		}
		c.Data(http.StatusOK, file.contentType, file.body)
	}
}
