package handlers

import (
	"io"
	"net"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

// An outlet is where the bytes of a stream with a goroutine go.
type outlet interface {
	// Write sends all of the bytes before it returns, or fails.
	Write([]byte) (int, error)
	SetWriteDeadline(time.Time) error
	// expires reports whether a write has ended the deadline before it.
	expires() bool
}

// outletOf answers with the head of a stream and returns where its body goes. The
// caller calls end once nothing more is written.
//
// On HTTP/1 the body goes to the connection, as on the fan-out: it ends with it, and
// the bytes are those that all readers share, with no copy and no chunk around them.
// The server below has then answered nothing; it finds the connection closed and lets
// go. Until then it watches for the reader's end. HTTP/2 has no connection for one
// stream, nor has a server that does not tell it (see [ConnContext]).
func (h *Handlers) outletOf(c *gin.Context, as face) (out outlet, end func()) {
	conn, ok := c.Request.Context().Value(connKey{}).(net.Conn)
	if ok && c.Request.ProtoMajor == 1 {
		head := streamHead(c.Writer.Header(), as)
		return &connOutlet{Conn: conn, head: head}, func() { hangUp(conn) }
	}
	streamHeaders(c.Writer.Header(), as)
	c.Writer.WriteHeader(http.StatusOK)
	c.Writer.WriteHeaderNow()
	w := direct(c.Writer)
	return &writerOutlet{w: w, ResponseController: http.NewResponseController(w)}, func() {}
}

// A connOutlet is a connection of its own.
type connOutlet struct {
	net.Conn
	head []byte // goes out before the first bytes
}

func (o *connOutlet) Write(bytes []byte) (int, error) {
	if o.head != nil {
		bytes = append(o.head, bytes...)
		o.head = nil
	}
	return o.Conn.Write(bytes)
}

func (*connOutlet) expires() bool { return false }

const (
	hangUpTime  = 500 * time.Millisecond // for a client to close its side, as in net/http
	hangUpBytes = 64 << 10
)

// hangUp closes a connection. What the client has sent and nobody has read would make
// of that a reset, which can overtake the last bytes of the stream: so it is read away
// until the client has closed its side.
func hangUp(conn net.Conn) {
	if half, ok := conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		_ = conn.SetReadDeadline(time.Now().Add(hangUpTime))
		_, _ = io.CopyN(io.Discard, conn, hangUpBytes)
	}
	_ = conn.Close()
}

// A writerOutlet is the answer of a request whose connection is not ours.
type writerOutlet struct {
	w http.ResponseWriter
	*http.ResponseController
}

// Write flushes too. A deadline that passes on HTTP/2 ends the stream even while
// nothing is written, so that none may be left behind.
func (o *writerOutlet) Write(bytes []byte) (int, error) {
	n, err := o.w.Write(bytes)
	if err == nil {
		err = o.Flush()
	}
	if err == nil {
		err = o.SetWriteDeadline(time.Time{})
	}
	return n, err
}

func (*writerOutlet) expires() bool { return true }

// direct returns the server's own writer below the router's: the router's Flush loses
// errors, and its writer is used again for the next request.
func direct(w gin.ResponseWriter) http.ResponseWriter {
	if u, ok := w.(interface{ Unwrap() http.ResponseWriter }); ok {
		return u.Unwrap()
	}
	return w
}
