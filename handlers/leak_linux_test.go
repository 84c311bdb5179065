package handlers

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// descriptors returns how many this process has open.
func descriptors(t testing.TB) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// However a stream ends, or does not begin, its descriptors are closed: counted on the
// server's side and the client's, for both are in this process.
func TestNoDescriptorIsLeft(t *testing.T) {
	for _, via := range paths {
		t.Run(via.name, func(t *testing.T) {
			if probe := impossible[via.io]; probe != nil && probe() != nil {
				t.Skipf("not on this system: %v", probe())
			}
			s := start(t, setup{via: via, smallBuffers: true, options: Options{MaxStreams: 20}})
			s.get("/healthz") // the connections of this client and of the administrator stay
			s.getAdmin("/healthz")
			s.client.CloseIdleConnections()
			idle := s.settled()
			for range 3 {
				s.comeAndGo()
			}
			eventually(t, "as many descriptors as before", func() bool { return s.settled() <= idle })
		})
	}
}

// settled returns the descriptors that are open while no client is there.
func (s *site) settled() int {
	s.client.CloseIdleConnections()
	http.DefaultClient.CloseIdleConnections()
	return descriptors(s.t)
}

// comeAndGo has streams of all kinds begin and end.
func (s *site) comeAndGo() {
	var open []*client
	for range 5 {
		open = append(open, s.open("/latest?type=news"))
	}
	f := s.freeze("/latest?type=news")
	s.fill("news", 512<<10) // five are given it, one is stuck
	s.do("HEAD", "/latest?type=news", "", "Accept: text/event-stream")
	s.get("/latest?typ=news", "Accept: text/event-stream")
	for range 14 {
		open = append(open, s.open("/latest?type=stock"))
	}
	for range 5 {
		open = append(open, s.open("/latest?type=stock")) // refused
		s.get("/latest?type=stock")
	}
	if !s.via.http2 {
		for range 5 { // gone before the answer
			conn, err := net.Dial("tcp", s.server.Listener.Addr().String())
			if err != nil {
				s.t.Fatal(err)
			}
			fmt.Fprint(conn, "GET /latest?type=stock HTTP/1.1\r\nHost: tape\r\nAccept: text/event-stream\r\n\r\n")
			_ = conn.(*net.TCPConn).SetLinger(0) // with a reset
			conn.Close()
		}
	}
	for _, c := range open {
		c.close()
	}
	f.close()
	eventually(s.t, "all streams have ended", func() bool { return s.admitted() == 0 })
}

// A drain and Close leave nothing behind either: neither connections nor the fan-out's
// own descriptors.
func TestNoDescriptorIsLeftByClose(t *testing.T) {
	for _, io := range []string{"epoll", "auto"} {
		before := descriptors(t)
		for range 3 {
			h, err := New(Options{Catalogue: testCatalogue(t), IO: io})
			if err != nil {
				t.Fatal(err)
			}
			h.Drain()
			h.Drain()
			h.Close(t.Context())
			h.Close(context.Background())
		}
		if after := descriptors(t); after > before {
			t.Errorf("%s: %d descriptors before, %d after", io, before, after)
		}
	}
}

// Without a free descriptor a stream is served by a goroutine, and nothing is lost.
func TestWithoutADescriptor(t *testing.T) {
	s := start(t, setup{via: way{io: "epoll"}})
	var conns []net.Conn
	for range 3 {
		conn := s.dial()
		fmt.Fprint(conn, "GET /healthz HTTP/1.1\r\nHost: tape\r\n\r\n") // it is accepted
		if res, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || res.StatusCode != 200 {
			t.Fatal(err)
		}
		conns = append(conns, conn)
	}
	restore := exhaust(t)
	for _, conn := range conns {
		send(conn, "/latest?type=news")
	}
	var clients []*client
	for _, conn := range conns {
		c := streamOn(t, conn)
		c.live()
		clients = append(clients, c)
	}
	restore()
	if n := s.fan.Stats().Connections; n != 0 {
		t.Errorf("the fan-out has %d connections", n)
	}
	if !strings.Contains(s.lines.String(), "no descriptor for the fan-out") {
		t.Error("the log does not say so")
	}
	s.publish(draft("news", `{"id":"a"}`))
	for _, c := range clients {
		c.want(`mem-1 news {"id":"a"}`)
	}
	s.open("/latest?type=news") // and with descriptors again
	if n := s.fan.Stats().Connections; n != 1 {
		t.Errorf("the fan-out has %d connections", n)
	}
}

// exhaust takes all descriptors of the process until restore is called.
func exhaust(t *testing.T) (restore func()) {
	t.Helper()
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	low := limit
	low.Cur = min(512, limit.Cur)
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &low); err != nil {
		t.Skipf("limits cannot be set: %v", err)
	}
	var taken []int
	restored := false
	restore = func() {
		if restored {
			return
		}
		restored = true
		for _, fd := range taken {
			_ = unix.Close(fd)
		}
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(restore)
	for range low.Cur {
		fd, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return restore
		}
		taken = append(taken, fd)
	}
	t.Fatal("there is no end of descriptors")
	return restore
}
