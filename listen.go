package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"
)

// listen opens a listener whose connections inherit the options of [tune]. The error
// names the option that the address is from.
func listen(ctx context.Context, name, address string, stall time.Duration) (net.Listener, error) {
	config := net.ListenConfig{
		KeepAlive: keepAlive,
		Control: func(_, _ string, c syscall.RawConn) error {
			return c.Control(func(fd uintptr) { tune(fd, stall) })
		},
	}
	l, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		var op *net.OpError
		if errors.As(err, &op) {
			err = op.Err
		}
		var call *os.SyscallError
		if errors.As(err, &call) {
			err = call.Err
		}
		return nil, fmt.Errorf("listen on %s (--%s): %w", address, name, err)
	}
	return l, nil
}

// loadCertificate returns what a listener with TLS needs, nil if none is configured.
// That there are both files, or none, was checked with the configuration.
func loadCertificate(cfg *Config) (*tls.Config, error) {
	if cfg.TLSCert == "" {
		return nil, nil
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
