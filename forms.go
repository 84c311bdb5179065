package main

import (
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// forms are the checks that a tag can name. Each returns "" for a good word,
// otherwise what would be right.
var forms = map[string]func(string) string{
	"address":  wantAddress,
	"address?": func(s string) string { return wantUnlessEmpty(wantAddress, s) },
	"servers?": func(s string) string { return wantUnlessEmpty(wantServers, s) },
	"origin":   wantOrigin,
	"network":  wantNetwork,
	"key?":     func(s string) string { return wantUnlessEmpty(wantKey, s) },
	"path":     wantPath,
	"contact?": func(s string) string { return wantUnlessEmpty(wantContact, s) },
	"feed id?": func(s string) string { return wantUnlessEmpty(wantFeedID, s) },
}

func wantUnlessEmpty(want func(string) string, s string) string {
	if s == "" {
		return ""
	}
	return want(s)
}

// wantAddress checks HOST:PORT; the host may be empty.
func wantAddress(s string) string {
	const want = "want HOST:PORT or :PORT, as in :8080 or 127.0.0.1:8081"
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return want
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || strconv.FormatUint(n, 10) != port {
		return want + "; a port is a number from 0 to 65535"
	}
	return ""
}

// wantServers checks the addresses of NATS servers, separated by commas.
func wantServers(s string) string {
	const want = "want nats://HOST:PORT, or several of them with commas"
	for word := range strings.SplitSeq(s, ",") {
		u, err := url.Parse(strings.TrimSpace(word))
		if err != nil || u.Host == "" {
			return want
		}
		switch u.Scheme {
		case "nats", "tls", "ws", "wss":
		default:
			return want
		}
	}
	return ""
}

// wantOrigin checks one origin as browsers send it.
func wantOrigin(s string) string {
	if s == "*" {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.Scheme+"://"+u.Host != s {
		return "want an origin such as https://example.org (no path, no slash at the end), or *"
	}
	return ""
}

// wantKey checks that a secret can stand in an Authorization header.
func wantKey(s string) string {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return "want letters, digits and punctuation only: it travels in a header"
		}
	}
	if len(s) > 256 {
		return "want at most 256 characters"
	}
	return ""
}

// wantContact wants a mail address or that of a page, which travels in a header.
func wantContact(s string) string {
	const want = "want a mail address or a web address, such as tape@example.org or https://example.org/tape"
	u, err := url.Parse(s)
	page := err == nil && (u.Scheme == "http" || u.Scheme == "https" || u.Scheme == "mailto")
	if name, host, ok := strings.Cut(s, "@"); !page && (!ok || name == "" || host == "") || wantKey(s) != "" || strings.ContainsAny(s, "()") {
		return want
	}
	return ""
}

func wantPath(s string) string {
	if s == "" || strings.ContainsRune(s, 0) {
		return "want the path of a folder"
	}
	return ""
}

// wantFeedID checks what names a feed in logs, states and addresses.
func wantFeedID(s string) string {
	const want = "want 1 to 64 lower-case letters, digits, '-', '_' or '.', beginning with a letter or digit"
	for i := range len(s) {
		c := s[i]
		alphanumeric := c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
		if !alphanumeric && (i == 0 || !strings.ContainsRune("-_.", rune(c))) {
			return want
		}
	}
	if len(s) > 64 {
		return want
	}
	return ""
}

// redactURL hides the password of each address in a list with commas; other text
// it returns as it is.
func redactURL(s string) string {
	if !strings.Contains(s, "://") || !strings.Contains(s, "@") {
		return s
	}
	words := strings.Split(s, ",")
	for i, word := range words {
		u, err := url.Parse(strings.TrimSpace(word))
		if err != nil {
			words[i] = masked
			continue
		}
		if u.User != nil {
			u.User = url.User(masked)
			words[i] = strings.Replace(u.String(), url.PathEscape(masked), masked, 1)
		}
	}
	return strings.Join(words, ",")
}

// wantNetwork wants an address or a network.
func wantNetwork(s string) string {
	if _, err := netip.ParsePrefix(s); err == nil {
		return ""
	}
	if _, err := netip.ParseAddr(s); err == nil {
		return ""
	}
	return "want an address or a network, such as 192.0.2.1 or 10.0.0.0/8"
}
