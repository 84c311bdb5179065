package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"
)

// listen opens a listener whose connections inherit the options of [tune].
func listen(ctx context.Context, address string, stall time.Duration) (net.Listener, error) {
	config := net.ListenConfig{
		KeepAlive: keepAlive,
		Control: func(_, _ string, c syscall.RawConn) error {
			return c.Control(func(fd uintptr) { tune(fd, stall) })
		},
	}
	l, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	return l, nil
}

// loadCertificate returns what a listener with TLS needs, nil if none is configured.
func loadCertificate(cfg *Config) (*tls.Config, error) {
	switch {
	case cfg.TLSCert == "" && cfg.TLSKey == "":
		return nil, nil
	case cfg.TLSCert == "" || cfg.TLSKey == "":
		return nil, errors.New("tls_cert and tls_key belong together: give both, or none")
	}
	certificate, err := tls.LoadX509KeyPair(cfg.TLSCert, cfg.TLSKey)
	if err != nil {
		return nil, fmt.Errorf("load the certificate: %w", err)
	}
	return &tls.Config{
		Certificates: []tls.Certificate{certificate},
		MinVersion:   tls.VersionTLS12,
		NextProtos:   []string{"h2", "http/1.1"},
	}, nil
}
