package public

import (
	"net"
	"net/url"
	"sync"
	"testing"
)

// cable is a network between browser and server that can be cut without either end
// being told: nothing is forwarded then, and no connection is closed.
type cable struct {
	URL string

	server   string // its address
	listener net.Listener
	all      sync.WaitGroup // the accept loop and what it has started

	mu    sync.Mutex // guards all below
	conns []net.Conn // all that were opened
	cut   bool
	over  bool
}

func newCable(t *testing.T, server string) *cable {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{URL: "http://" + listener.Addr().String(), server: u.Host, listener: listener}
	c.all.Go(c.accept) // ends when close closes the listener
	t.Cleanup(c.close)
	return c
}

func (c *cable) accept() {
	for {
		client, err := c.listener.Accept()
		if err != nil {
			return
		}
		server, err := new(net.Dialer).Dial("tcp", c.server)
		if err != nil {
			_ = client.Close()
			continue
		}
		c.mu.Lock()
		if c.over {
			c.mu.Unlock()
			_ = client.Close()
			_ = server.Close()
			return
		}
		c.conns = append(c.conns, client, server)
		c.mu.Unlock()
		// Both end when either connection is closed; close waits for them.
		c.all.Go(func() { c.copy(server, client) })
		c.all.Go(func() { c.copy(client, server) })
	}
}

// copy forwards until an end closes. What arrives while the cable is cut is lost, and
// with it the connection: it hears nothing any more, even when the cable is mended.
func (c *cable) copy(to, from net.Conn) {
	lost := false
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		c.mu.Lock()
		lost = lost || c.cut
		c.mu.Unlock()
		if !lost && n > 0 {
			if _, werr := to.Write(buf[:n]); werr != nil {
				err = werr
			}
		}
		if err != nil {
			if !lost {
				_ = to.Close()
			}
			return
		}
	}
}

// sever cuts the cable; restore mends it for new connections.
func (c *cable) sever()   { c.set(true) }
func (c *cable) restore() { c.set(false) }

func (c *cable) set(cut bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = cut
}

func (c *cable) close() {
	_ = c.listener.Close()
	c.mu.Lock()
	c.over = true
	for _, conn := range c.conns {
		_ = conn.Close()
	}
	c.mu.Unlock()
	c.all.Wait()
}
