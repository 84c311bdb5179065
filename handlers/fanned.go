package handlers

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"

	"tickertape/handlers/fanout"
	"tickertape/topics"
)

// connKey is the key of a request's connection in its context.
type connKey struct{}

// ConnContext makes the connections of an [http.Server] known to the handlers: it is
// the server's field of that name. Without it all streams have a goroutine.
func ConnContext(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// startFanout starts the fan-out that the options ask for. Where the system has none,
// "auto" means a goroutine for each stream.
func (h *Handlers) startFanout() error {
	switch fanout.IO(h.opts.IO) {
	case "":
		return nil
	case fanout.Auto, fanout.Epoll, fanout.Uring:
	default:
		return fmt.Errorf("fan-out: there is no IO %q", h.opts.IO)
	}
	fan, err := fanout.New(fanout.Options{
		Stall:    h.opts.Stall,
		MaxAge:   h.opts.MaxAge,
		IO:       fanout.IO(h.opts.IO),
		Farewell: h.farewell,
		Parked:   h.parked,
		Gone:     h.gone,
		Logger:   h.logger,
	})
	if errors.Is(err, fanout.ErrUnsupported) && fanout.IO(h.opts.IO) == fanout.Auto {
		h.logger.Info("each stream has a goroutine: this system has no fan-out")
		return nil
	}
	if err != nil {
		return fmt.Errorf("fan-out: %w", err)
	}
	h.fan = fan
	h.logger.Info("streams leave the HTTP server", "io", string(fan.IO()))
	return nil
}

// A fanned is a reader whose connection the fan-out has.
type fanned struct {
	reader
	bus   *topics.Bus
	wire  closingWire
	alone atomic.Uint64 // its position plus one; 0 while it is level with others
}

func (f *fanned) where() (topics.ID, uint64) {
	head := f.bus.Head()
	alone := f.alone.Load()
	if alone == 0 {
		return head, 0
	}
	return topics.ID{Epoch: head.Epoch, Seq: alone - 1}, f.cohort.Lag(alone - 1)
}

// hurry does nothing: the fan-out has its own end of a drain.
func (*fanned) hurry(time.Duration) {}

func (*fanned) end() {}

// serveFanned gives the connection of a request, and the dismissal of its reader, to
// the fan-out. It returns false, and has done nothing, if that is not possible: under
// TLS the bytes must be encrypted, HTTP/2 has no connection for one stream, and a
// body may still be on its way.
//
// The fan-out gets a second descriptor of the connection, then the first one is closed
// under the HTTP server, which finds that it cannot answer any more and lets go. A
// hijack would do the same, but leave 12 KiB of buffers to the collector each time.
// What the client may have sent after its request is ignored.
func (h *Handlers) serveFanned(c *gin.Context, p *params, as face, wire closingWire, who reader) bool {
	conn, ok := c.Request.Context().Value(connKey{}).(*net.TCPConn)
	if h.fan == nil || !ok || c.Request.ProtoMajor != 1 || c.Request.TLS != nil || c.Request.ContentLength != 0 {
		return false
	}
	second, err := fanout.Dup(conn)
	if err != nil {
		h.logger.Warn("no descriptor for the fan-out; the stream gets a goroutine", "error", err)
		return false
	}
	sub := h.bus.Subscribe(p.request(wire))
	who.cohort = sub.Cohort()
	f := &fanned{reader: who, bus: h.bus, wire: wire}
	h.streams.add(f)
	opening := append([][]byte{streamHead(c.Writer.Header(), as)}, sub.Opening()...)
	mine := &position{sub: sub, of: f}
	mine.note()
	if err := h.fan.Adopt(second, opening, mine, f); err != nil { // it is closing
		second.Close()
		mine.Close()
		h.gone(f)
		h.refuse(c)
		return true
	}
	_ = conn.Close()
	return true
}

// streamHead is the head of an answer that ends with its connection (RFC 9112, section
// 6.3, rule 8): every write can then be the same bytes for all. header has what the
// middleware has set.
func streamHead(header http.Header, as face) []byte {
	b := make([]byte, 0, 384)
	b = append(b, "HTTP/1.1 200 OK\r\nConnection: close\r\nDate: "...)
	b = time.Now().UTC().AppendFormat(b, http.TimeFormat)
	eachStreamHeader(as, func(name, value string) { b = appendHeader(b, name, value) })
	for name, values := range header {
		for _, value := range values {
			b = appendHeader(b, name, headerValue.Replace(value))
		}
	}
	return append(b, "\r\n\r\n"...)
}

func appendHeader(b []byte, name, value string) []byte {
	b = append(b, "\r\n"...)
	b = append(b, name...)
	b = append(b, ": "...)
	return append(b, value...)
}

// headerValue keeps a value from ending its line, as net/http does.
var headerValue = strings.NewReplacer("\r", " ", "\n", " ")

// farewell is what the fan-out sends last.
func (h *Handlers) farewell(why fanout.Reason, tag any) []byte {
	return h.bye(tag.(*fanned).wire, byeReason(why))
}

// parked is told when a reader is not level with others any more.
func (h *Handlers) parked(tag any, own fanout.Stream) {
	p := own.(*position)
	p.of = tag.(*fanned)
	p.note()
}

// gone is told when the fan-out has closed a connection.
func (h *Handlers) gone(tag any) {
	f := tag.(*fanned)
	h.streams.remove(f)
	h.streams.dismiss(&f.reader)
}

// drainFanned begins the drain of the fan-out.
func (h *Handlers) drainFanned() {
	if h.fan == nil {
		return
	}
	begun, cancel := context.WithCancel(context.Background())
	cancel() // Close waits
	h.fan.Drain(begun, h.spread)
}

// Close waits until a drain that was begun is over, or ctx is done, and then cuts off
// all readers that the fan-out has. Those with a goroutine end with their server. It
// may be called twice; readers who come later are told bye.
func (h *Handlers) Close(ctx context.Context) {
	if h.fan == nil {
		return
	}
	if h.draining.Err() != nil {
		h.fan.Drain(ctx, h.spread) // begun already
	}
	h.fan.Close()
}

// A position is a subscription as the fan-out sees it. It is used by one goroutine at
// a time.
type position struct {
	sub *topics.Subscription
	of  *fanned // the one reader whose it is; nil when it stands for a group
}

var _ fanout.Stream = (*position)(nil)

// Key implements [fanout.Stream].
func (p *position) Key() any { return p.sub.Cohort() }

// Next implements [fanout.Stream].
func (p *position) Next(late bool) []byte {
	defer p.note()
	return p.sub.Next(late)
}

// NextTo implements [fanout.Stream].
func (p *position) NextTo(leader fanout.Stream, late bool) []byte {
	defer p.note()
	return p.sub.NextTo(leader.(*position).sub, late)
}

// note lets the list of streams see where the reader is.
func (p *position) note() {
	if p.of != nil {
		p.of.alone.Store(p.sub.Position().Seq + 1)
	}
}

// merge says that the reader, if it is one alone, is now where its group is.
func (p *position) merge() {
	if p.of != nil {
		p.of.alone.Store(0)
		p.of = nil
	}
}

// Level implements [fanout.Stream].
func (p *position) Level(leader fanout.Stream) bool { return p.sub.Level(leader.(*position).sub) }

// Rewind implements [fanout.Stream].
func (p *position) Rewind(n int) []byte {
	defer p.note()
	return p.sub.Rewind(n)
}

// Fork implements [fanout.Stream].
func (p *position) Fork(n int) (fanout.Stream, []byte) {
	own, rest := p.sub.Fork(n)
	return &position{sub: own}, rest
}

// Stand implements [fanout.Stream].
func (p *position) Stand(readers int) { p.sub.Stand(readers) }

// Notify implements [fanout.Stream]: only the stream of a group is told.
func (p *position) Notify(fn func()) {
	p.merge()
	p.sub.Notify(fn)
}

// Close implements [fanout.Stream].
func (p *position) Close() {
	p.merge()
	p.sub.Close()
}

// addressOf returns the client's address, as the proxies that are believed say it.
func (h *Handlers) addressOf(c *gin.Context) netip.Addr {
	if len(h.opts.Proxies) == 0 {
		a, _ := netip.ParseAddrPort(c.Request.RemoteAddr) // what is none counts as one address
		return a.Addr().Unmap()
	}
	a, _ := netip.ParseAddr(c.ClientIP())
	return a.Unmap()
}
