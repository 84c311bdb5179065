package handlers

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"tickertape/handlers/fanout"
	"tickertape/handlers/sse"
)

// A way is how the bytes of a stream reach its reader.
type way struct {
	name  string
	io    string // of Options
	tls   bool
	http2 bool
}

// paths are all ways there are. On those with TLS the fan-out runs too, and must not be used.
var paths = []way{
	{name: "goroutine"},
	{name: "tls", io: "epoll", tls: true},
	{name: "http2", io: "epoll", tls: true, http2: true},
	{name: "epoll", io: "epoll"},
	{name: "io_uring", io: "io_uring"},
}

// fanned reports whether streams leave the HTTP server.
func (p way) fanned() bool { return p.io != "" && !p.tls }

var impossible = map[string]func() error{
	"epoll":    sync.OnceValue(func() error { return tryFanout(fanout.Epoll) }),
	"io_uring": sync.OnceValue(func() error { return tryFanout(fanout.Uring) }),
}

func tryFanout(io fanout.IO) error {
	f, err := fanout.New(fanout.Options{IO: io, Shards: 1})
	if err == nil {
		f.Close()
	}
	return err
}

// TestPaths runs one suite over all paths: a reader of HTTP/1 cannot tell them apart.
func TestPaths(t *testing.T) {
	suite := []struct {
		name  string
		check func(*testing.T, way)
		only  func(way) bool
	}{
		{"Headers", testStreamHeaders, nil},
		{"Head", testHead, nil},
		{"CORS", testStreamCORS, nil},
		{"RetryDiffersBetweenReaders", testRetryDiffersBetweenReaders, nil},
		{"Metrics", testMetrics, nil},
		{"Shape", testStreamShape, nil},
		{"RetractionOfAnEventWithoutKey", testRetractionOfAnEventWithoutKey, nil},
		{"Resume", testResume, nil},
		{"Reset", testReset, nil},
		{"Since", testSince, nil},
		{"SnapshotFalse", testSnapshotFalse, nil},
		{"Every", testEvery, nil},
		{"UnderscoreParametersAreIgnored", testUnderscoreParametersAreIgnored, nil},
		{"KeysInPaths", testKeysInPaths, nil},
		{"PrivateTopicsAreReadByName", testPrivateTopicsAreReadByName, nil},
		{"IDsRiseStrictly", testIDsRiseStrictly, nil},
		{"NDJSONFace", testNDJSONFace, nil},
		{"NDJSONResume", testNDJSONResume, nil},
		{"HostileHeadlines", testHostileHeadlines, nil},
		{"StreamsList", testStreamsList, nil},
		{"LagIsShown", testLagIsShown, nil},
		{"QuietStreamOutlivesTheStallTime", testQuietStreamOutlivesTheStallTime, nil},
		{"StreamOutlivesTheServersTimes", testStreamOutlivesTheServersTimes, nil},
		{"ReaderThatLeavesIsForgotten", testReaderThatLeavesIsForgotten, nil},
		{"FrozenReaders", testFrozenReaders, nil},
		{"ReaderThatFallsOffTheTape", testReaderThatFallsOffTheTape, nil},
		{"StalledReaderIsCut", testStalledReaderIsCut, nil},
		{"Drain", testDrain, nil},
		{"DrainIsPaced", testDrainIsPaced, nil},
		{"DrainInAFlood", testDrainInAFlood, nil},
		{"DrainCutsFrozenReaders", testDrainCutsFrozenReaders, nil},
		{"DrainWhileStreamsEnd", testDrainWhileStreamsEnd, nil},
		{"MaxAge", testMaxAge, nil},
		{"MaxAgeInAFlood", testMaxAgeInAFlood, nil},
		{"MaxStreams", testMaxStreams, nil},
		{"PerAddress", testPerAddress, nil},
		{"ConnectRate", testConnectRate, nil},
		{"Churn", testChurn, nil},
		{"HTTP10", testHTTP10, oneStream},
		{"AfterOtherRequests", testAfterOtherRequests, oneStream},
		{"PipelinedBytes", testPipelinedBytes, oneStream},
		{"HalfClosedClient", testHalfClosedClient, oneStream},
		{"RequestWithBody", testRequestWithBody, oneStream},
		{"ExpectedBody", testExpectedBody, oneStream},
		{"SlowHeads", testSlowHeads, oneStream},
	}
	for _, via := range paths {
		t.Run(via.name, func(t *testing.T) {
			if probe := impossible[via.io]; probe != nil && probe() != nil {
				t.Skipf("not on this system: %v", probe())
			}
			t.Parallel() // much of it waits
			for _, b := range suite {
				if b.only == nil || b.only(via) {
					t.Run(b.name, func(t *testing.T) { b.check(t, via) })
				}
			}
		})
	}
}

// certificate is one for 127.0.0.1 that costs little to use, also with the race detector.
var certificate = sync.OnceValue(func() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
})

// oneStream says that a connection of the path carries one stream, so that a test can
// write its requests byte by byte.
func oneStream(p way) bool { return !p.http2 }

// dial opens a connection to the public address, with TLS where the path has it.
func (s *site) dial() net.Conn {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.server.Listener.Addr().String())
	if err != nil {
		s.t.Fatal(err)
	}
	if s.via.tls {
		conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true}) // it is our own
	}
	s.t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	return conn
}

// send writes the request of a stream, with more lines for its head.
func send(conn net.Conn, target string, lines ...string) {
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: tape\r\nAccept: text/event-stream\r\n", target)
	for _, line := range lines {
		fmt.Fprintf(conn, "%s\r\n", line)
	}
	fmt.Fprint(conn, "\r\n")
}

// A frozen is a client that has opened a stream over small buffers, and does not read.
type frozen struct {
	t        testing.TB
	response *http.Response
	conn     *net.TCPConn
	close    func()
}

// freeze opens a stream and does not read it.
func (s *site) freeze(target string) *frozen {
	s.t.Helper()
	f := &frozen{t: s.t}
	transport := s.client.Transport.(*http.Transport).Clone()
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err == nil {
			f.conn = conn.(*net.TCPConn)
			err = f.conn.SetReadBuffer(32 << 10)
		}
		return conn, err
	}
	transport.HTTP2 = &http.HTTP2Config{MaxReceiveBufferPerConnection: 64 << 10, MaxReceiveBufferPerStream: 64 << 10}
	ctx, cancel := context.WithTimeout(context.Background(), cmp.Or(s.patience, patience))
	res, err := transport.RoundTrip(s.request(ctx, "GET", target, nil, "Accept: text/event-stream"))
	if err != nil {
		cancel()
		s.t.Fatal(err)
	}
	f.response = res
	f.close = func() { cancel(); res.Body.Close(); f.conn.Close(); transport.CloseIdleConnections() }
	s.t.Cleanup(f.close)
	return f
}

// thaw reads on as an EventSource.
func (f *frozen) thaw() *client {
	_ = f.conn.SetReadBuffer(1 << 20)
	return &client{t: f.t, response: f.response, reader: sse.NewReader(f.response.Body, 0), close: f.close}
}
