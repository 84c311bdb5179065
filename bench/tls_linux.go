package main

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// A bareConn lets crypto/tls run over a socket that epoll watches. Read returns errAgain in
// place of blocking once the handshake is over.
type bareConn struct {
	fd    int
	ready bool // the handshake is over
}

func (c *bareConn) Read(p []byte) (int, error) {
	if !c.ready {
		n, err := unix.Read(c.fd, p)
		return max(n, 0), eof(n, err)
	}
	n, err := recvNow(c.fd, p)
	return n, eof(n, err)
}

func eof(n int, err error) error {
	if n == 0 && err == nil {
		return net.ErrClosed
	}
	return err
}

func (c *bareConn) Write(p []byte) (int, error)    { return unix.Write(c.fd, p) }
func (c *bareConn) Close() error                   { return unix.Close(c.fd) }
func (*bareConn) LocalAddr() net.Addr              { return nil }
func (*bareConn) RemoteAddr() net.Addr             { return nil }
func (*bareConn) SetDeadline(time.Time) error      { return nil }
func (*bareConn) SetReadDeadline(time.Time) error  { return nil }
func (*bareConn) SetWriteDeadline(time.Time) error { return nil }

// secure makes a TLS connection of a connected socket and blocks for the handshake. It asks
// for HTTP/1.1 and does not check the certificate, which the program itself has made.
func secure(fd int) (*tls.Conn, error) {
	bare := &bareConn{fd: fd}
	conn := tls.Client(bare, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS13})
	if err := conn.HandshakeContext(context.Background()); err != nil {
		return nil, err
	}
	bare.ready = true
	return conn, nil
}
