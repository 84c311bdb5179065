package public

import (
	"embed"
	"io/fs"
)

//go:embed index.html favicon.svg css js
var files embed.FS

// Policy is the Content-Security-Policy that the pages are written for: nothing
// inline, nothing from elsewhere, no forms. Serve every file with it.
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
	"connect-src 'self'; base-uri 'none'; form-action 'none'"

// Files returns the pages and what they load, index.html at the root. The files
// have no modification time and never change while the program runs; all paths
// in them are absolute, so they are served from the root of a host.
func Files() fs.FS { return files }
