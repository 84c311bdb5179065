package feeds

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// RequestHeader returns the headers that a feed's configuration adds to its requests, for
// [Get]. The error names the header and never shows its value, which may be a secret.
func RequestHeader(configured map[string]string) (http.Header, error) {
	h := make(http.Header, len(configured))
	for name, value := range configured {
		switch {
		case !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value):
			return nil, fmt.Errorf("headers: %.40q with its value (not shown) cannot stand in a request", name)
		case strings.EqualFold(name, "User-Agent"):
			return nil, errors.New("headers: User-Agent is the server's own, by which sources know whom to ask; the option contact adds to it")
		}
		h.Set(name, value)
	}
	return h, nil
}
