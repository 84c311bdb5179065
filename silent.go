package main

import (
	"net"
	"net/http"
	"sync"
)

// silent are the connections on which nothing has come yet, as browsers open them in
// advance. [http.Server.Shutdown] would wait for them.
type silent struct {
	mu     sync.Mutex // guards the fields below
	conns  map[net.Conn]struct{}
	closed bool
}

// note is the field ConnState of an [http.Server].
func (s *silent) note(c net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case state != http.StateNew:
		delete(s.conns, c)
	case s.closed:
		_ = c.Close() // it came too late
	case s.conns == nil:
		s.conns = map[net.Conn]struct{}{c: {}}
	default:
		s.conns[c] = struct{}{}
	}
}

// close closes them, and those that come from now on.
func (s *silent) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for c := range s.conns {
		_ = c.Close() // nobody has asked for anything
	}
	clear(s.conns)
}
