package public

import (
	"embed"
	"io/fs"
)

//go:embed *.html favicon.svg css js
var files embed.FS

// Files returns the pages and what they load, index.html at the root. The files
// have no modification time and never change while the program runs; all paths
// in them are absolute, so they are served from the root of a host.
func Files() fs.FS { return files }
