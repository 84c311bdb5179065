package feeds

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
	"unicode"
)

// maxText bounds the bytes of an error or a detail in a status.
const maxText = 500

// errorText is err for people: without the queries of addresses, which hold
// secrets, in one line, of bounded length.
func errorText(err error) string { return cleanText(addressless(err)) }

// addressless is what err says, without the queries of addresses.
func addressless(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	var u *url.Error
	if errors.As(err, &u) && u.URL != "" {
		shown := withoutSecrets(u.URL)
		text = strings.ReplaceAll(text, u.URL, shown)
		text = strings.ReplaceAll(text, strconv.Quote(u.URL), strconv.Quote(shown)) // as the error writes it
	}
	return text
}

// withoutSecrets returns the address without user, query and fragment.
func withoutSecrets(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "(address)"
	}
	u.User, u.Fragment = nil, ""
	if u.RawQuery != "" {
		u.RawQuery = "..."
	}
	return u.String()
}

// cleanText makes text one line of valid UTF-8 without control characters and at most
// maxText bytes: it is published and logged.
func cleanText(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\ufffd"))
	text = strings.TrimSpace(text)
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "") + "..."
	}
	return text
}
