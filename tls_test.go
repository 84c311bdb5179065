package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// certificate writes a certificate for 127.0.0.1 and returns its files, and a pool that
// trusts it.
func certificate(t *testing.T) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	certText := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	write(t, cert, string(certText))
	write(t, key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})))
	pool = x509.NewCertPool()
	pool.AppendCertsFromPEM(certText)
	return cert, key, pool
}

// With a certificate the listener speaks HTTPS: HTTP/2 to browsers, many streams on
// one connection, and HTTP/1.1 to others.
func TestTLS(t *testing.T) {
	ctx := testContext(t)
	cert, key, pool := certificate(t)
	s, stop := launchServer(t, testConfig(t, func(c *Config) { c.TLSCert, c.TLSKey = cert, key }), slog.New(slog.DiscardHandler))
	address := "https://" + s.publicListener.Addr().String()
	for _, major := range []int{2, 1} {
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: major == 2}
		defer transport.CloseIdleConnections()
		browser := &http.Client{Transport: transport}
		var clients []*client
		for range 8 { // more than a browser opens on HTTP/1.1
			c := &client{t: t, url: address + "/latest/lines", within: browser}
			if err := c.open(ctx); err != nil {
				t.Fatal(err)
			}
			defer c.close()
			if c.res.ProtoMajor != major || c.res.TLS == nil {
				t.Fatalf("%s, TLS %v; want HTTP/%d", c.res.Proto, c.res.TLS != nil, major)
			}
			c.until("live")
			clients = append(clients, c)
		}
		if _, err := publishBy(ctx, browser, address, "lines", "", `{"n":1}`); err != nil {
			t.Fatal(err)
		}
		for _, c := range clients {
			if e := c.until("lines"); string(e.Data) != `{"n":1}` {
				t.Errorf("got %s", e.Data)
			}
		}
		if major == 1 {
			var stopping sync.WaitGroup
			stopping.Go(stop)
			for _, c := range clients {
				retryOf(t, c.until("bye"))
			}
			stopping.Wait()
		}
	}
	if conn, err := net.Dial("tcp", s.publicListener.Addr().String()); err == nil {
		conn.Close()
		t.Error("the listener is still open")
	}
}

// Plain HTTP to the port of HTTPS is told so, and a certificate that cannot be read is
// said at the start.
func TestTLSMistakes(t *testing.T) {
	cert, key, _ := certificate(t)
	s, _ := launchServer(t, testConfig(t, func(c *Config) { c.TLSCert, c.TLSKey = cert, key }), slog.New(slog.DiscardHandler))
	res, err := http.Get("http://" + s.publicListener.Addr().String() + "/latest")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusBadRequest {
		t.Errorf("plain HTTP: %s; want 400", res.Status)
	}
	for what, change := range map[string]func(*Config){
		"no such file": func(c *Config) { c.TLSCert, c.TLSKey = cert+"x", key },
		"not a key":    func(c *Config) { c.TLSCert, c.TLSKey = cert, cert },
		"one of two":   func(c *Config) { c.TLSCert = cert },
	} {
		if s, err := newServer(t.Context(), testConfig(t, change), slog.New(slog.DiscardHandler)); err == nil {
			s.close()
			t.Errorf("%s: started", what)
		}
	}
}
