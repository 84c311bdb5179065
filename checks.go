package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"time"
)

const (
	examineTime = 5 * time.Second     // for one connection that doctor makes
	soonExpires = 14 * 24 * time.Hour // a certificate that is to be renewed
	leastFree   = 256 << 20           // bytes beside the log
	keyReadable = 0o077               // by others than the owner
)

// examineProgram says what this is.
func examineProgram() []examination {
	info, _ := debug.ReadBuildInfo()
	b := readBuild(info)
	return []examination{{good, "program", fmt.Sprintf("tickertape %s, %s, %s", b.ID(), cmp.Or(b.Go, "go"), cmp.Or(b.System, "?")), ""}}
}

// examineConfiguration tells the mistakes and the warnings.
func examineConfiguration(inv *Invocation) []examination {
	cfg := &inv.Config
	var list []examination
	for _, m := range inv.mistakes {
		list = append(list, examination{poor, "configuration", m.String(), ""})
	}
	for _, m := range append(cfg.warnings, checkMachine(cfg)...).sorted() {
		list = append(list, examination{fair, "configuration", m.String(), ""})
	}
	if len(inv.mistakes) == 0 {
		list = append(list, examination{good, "configuration", fmt.Sprintf("%s, %s", cmp.Or(cfg.File, "no file, the defaults"), plural(len(cfg.Feeds), "feed")), ""})
	}
	contact := examination{good, "contact", cmp.Or(cfg.Contact, "none, and no source asks for one"), ""}
	for _, f := range cfg.Feeds {
		if cfg.Contact == "" && f.Spec.Terms != "" {
			contact = examination{fair, "contact", "none", "set contact to your mail or web address: the sources want to know who asks"}
		}
	}
	return append(list, contact)
}

// examineData looks at the data folder and the publish key in it.
func examineData(cfg *Config) []examination {
	what := "data folder"
	info, err := os.Stat(cfg.Data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		above := filepath.Dir(filepath.Clean(cfg.Data))
		if err := writable(above); err != nil {
			return []examination{{poor, what, fmt.Sprintf("%s is not there and cannot be made: %v", cfg.Data, withoutPath(err)), "make it, owned by the user that the server runs as, or set data to another folder"}}
		}
		return []examination{{good, what, fmt.Sprintf("%s is made at the first start", cfg.Data), ""}, examineKey(cfg)}
	case err != nil:
		return []examination{{poor, what, fmt.Sprintf("%s: %v", cfg.Data, withoutPath(err)), "set data to a folder that the server's user can read"}}
	case !info.IsDir():
		return []examination{{poor, what, cfg.Data + " is no folder", "set data to a folder"}}
	}
	if err := writable(cfg.Data); err != nil {
		return []examination{{poor, what, fmt.Sprintf("%s cannot be written: %v", cfg.Data, withoutPath(err)), "give it to the user that the server runs as"}}
	}
	e := examination{good, what, cfg.Data + " can be written", ""}
	if free, ok := diskFree(cfg.Data); ok {
		e.found += fmt.Sprintf(", %s free", Size(free>>20<<20))
		if want := int64(cfg.RetentionBytes) + leastFree; cfg.NATS == "" && free < want {
			e.grade, e.remedy = fair, fmt.Sprintf("the log may grow to retention_bytes (%s): make room, or lower it", cfg.RetentionBytes)
		}
	}
	return []examination{e, examineKey(cfg)}
}

// writable tries to write in a folder.
func writable(folder string) error {
	f, err := os.CreateTemp(folder, ".doctor-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

func examineKey(cfg *Config) examination {
	const what = "publish key"
	if cfg.PublishKey != "" {
		return examination{good, what, "from the configuration", ""}
	}
	file := filepath.Join(cfg.Data, "publish-key")
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return examination{good, what, "made at the first start", ""}
	case err != nil:
		return examination{poor, what, fmt.Sprintf("%s: %v", file, withoutPath(err)), "let the server's user read it"}
	case info.Mode().Perm()&keyReadable != 0 && os.PathSeparator == '/':
		return examination{poor, what, fmt.Sprintf("%s can be read by others (%s)", file, info.Mode().Perm()), "chmod 600 " + file}
	}
	return examination{good, what, "in " + file, ""}
}

// examineAddress tries to listen, and finds out whether it is us who listen there.
func examineAddress(ctx context.Context, what, address string, secure bool) examination {
	if address == "" {
		return examination{good, what, "turned off", ""}
	}
	ctx, cancel := context.WithTimeout(ctx, examineTime)
	defer cancel()
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	switch {
	case err == nil:
		return examination{good, what, address + " is free", errorOf(l.Close())}
	case errors.Is(err, syscall.EADDRINUSE) && isTickertape(ctx, address, secure):
		return examination{good, what, address + " is that of a tickertape that runs", ""}
	case errors.Is(err, syscall.EADDRINUSE):
		return examination{poor, what, address + " is taken by another program", "stop that, or set " + what + " to another address"}
	case errors.Is(err, syscall.EACCES):
		return examination{poor, what, address + " is not allowed for this user", "use a port from 1024 on, or give the program the capability: setcap cap_net_bind_service=+ep"}
	}
	return examination{poor, what, errText(err), "set " + what + " to an address of this machine"}
}

func errorOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// isTickertape asks whoever listens at an address for its health.
func isTickertape(ctx context.Context, address string, secure bool) bool {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	scheme := "http"
	transport := &http.Transport{DisableKeepAlives: true}
	if secure {
		// Its certificate is for the name that readers use; it is asked who it is, no more.
		scheme, transport.TLSClientConfig = "https", &tls.Config{InsecureSkipVerify: true} //nolint:gosec // as the line above says
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+net.JoinHostPort(host, port)+"/healthz", nil)
	if err != nil {
		return false
	}
	res, err := transport.RoundTrip(req)
	if err != nil {
		return false
	}
	_ = res.Body.Close() // it was asked for nothing else
	return res.StatusCode == http.StatusOK || res.StatusCode == http.StatusServiceUnavailable
}

// examineCertificate looks at how long the certificate is good for.
func examineCertificate(cfg *Config, now time.Time) []examination {
	if cfg.TLSCert == "" {
		return nil
	}
	const what = "certificate"
	pair, err := tls.LoadX509KeyPair(cfg.TLSCert, cfg.TLSKey)
	if err != nil {
		return []examination{{poor, what, errText(err), "see tls_cert and tls_key"}}
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	switch {
	case err != nil:
		return []examination{{poor, what, err.Error(), "get another one"}}
	case now.After(leaf.NotAfter):
		return []examination{{poor, what, "expired on " + leaf.NotAfter.Format(time.DateOnly), "renew it; browsers refuse it"}}
	case now.Add(soonExpires).After(leaf.NotAfter):
		return []examination{{fair, what, "expires on " + leaf.NotAfter.Format(time.DateOnly), "renew it, and start the server again"}}
	}
	return []examination{{good, what, "good until " + leaf.NotAfter.Format(time.DateOnly), ""}}
}

// examineServers tries to reach the NATS servers, if the log is kept there.
func examineServers(ctx context.Context, cfg *Config) []examination {
	var list []examination
	for word := range strings.SplitSeq(cfg.NATS, ",") {
		u, err := url.Parse(strings.TrimSpace(word))
		if err != nil || u.Host == "" {
			continue // none, or refused when the configuration was read
		}
		host := u.Host
		if u.Port() == "" {
			host = net.JoinHostPort(u.Hostname(), "4222")
		}
		attempt, cancel := context.WithTimeout(ctx, examineTime)
		conn, err := (&net.Dialer{}).DialContext(attempt, "tcp", host)
		cancel()
		if err != nil {
			list = append(list, examination{poor, "nats", errText(err), "start the server at " + host + ", or correct nats"})
			continue
		}
		list = append(list, examination{good, "nats", host + " can be reached", errorOf(conn.Close())})
	}
	return list
}
