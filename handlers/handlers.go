package handlers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/time/rate"

	"tickertape/handlers/fanout"
	"tickertape/topics"
)

// Options of the handlers. The zero value of a field is its default.
type Options struct {
	Catalogue   *topics.Catalogue // required
	PublishKey  string            // who knows it may publish; "" means nobody may
	Proxies     []string          // addresses or networks of proxies whose X-Forwarded-For is believed; default none
	CORSOrigins []string          // origins of pages that may read and publish from elsewhere, and frame /kiosk and /embed; "*" means any; default none
	MaxBody     int64             // bytes of a publish; default 4 MiB
	Heartbeat   time.Duration     // as the bus has it; default 15 s
	Stall       time.Duration     // how long one write may wait for a reader; default 5 min
	Drain       time.Duration     // a drain lets many streams go one after the other, over this time; default 0: at once
	DrainSpread time.Duration     // readers are asked to come back within this time after a drain; default 10 s
	IO          string            // "auto", "epoll" or "io_uring": see package fanout; default "": a goroutine for each stream
	MaxAge      time.Duration     // streams end, and come back, after 80 to 100 % of this; default 0: never
	MaxStreams  int               // open at once; default 0: no bound
	PerAddress  int               // streams of one address, or IPv6 /64; default 0: no bound
	ConnectRate float64           // new streams a second; default 0: no bound
	Build       string            // shown to readers: when it changes, a page may reload
	Pages       fs.FS             // pages to serve at /; nil means none
	Feeds       func() []Feed     // state of the feeds; nil means none
	Logger      *slog.Logger      // default: discards
}

// A Feed is the state of one feed as GET /feeds shows it.
type Feed struct {
	ID     string
	Topics []string // it prints on
	Status any      // encodes to a JSON object
}

func (o Options) withDefaults() Options {
	if o.MaxBody == 0 {
		o.MaxBody = 4 << 20
	}
	if o.Heartbeat == 0 {
		o.Heartbeat = 15 * time.Second
	}
	if o.Stall == 0 {
		o.Stall = 5 * time.Minute
	}
	if o.DrainSpread == 0 {
		o.DrainSpread = 10 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Feeds == nil {
		o.Feeds = func() []Feed { return nil }
	}
	return o
}

// Handlers answer requests from a bus. Make them with [New], give [Handlers.Wire] to the
// bus, and the bus to [Handlers.Use], before the first request.
type Handlers struct {
	opts      Options
	logger    *slog.Logger
	bus       *topics.Bus
	stream    *streamWire
	lines     *lineWire
	streams   *streams
	public    *limiter // of publishes without a key
	metrics   *metrics
	faces     memo[face]          // by Accept header
	questions memo[*question]     // by query
	filters   memo[topics.Filter] // by topic and key of a path

	fan   *fanout.Fanout // nil: every stream has a goroutine
	limit limits

	protect *http.CrossOriginProtection

	drainOnce sync.Once
	spread    time.Duration   // over which the streams are let go; set before draining ends
	draining  context.Context // ends with Drain
	drain     context.CancelFunc

	sayRefused rate.Sometimes

	readyWait, bodyWait, byeWait time.Duration // the constants of these names; immutable
}

// publicRate is how often one address may publish without a key.
const (
	publicRate  = rate.Limit(1)
	publicBurst = 5
)

const (
	// readyWait is how long a request may wait for the tape to be filled.
	readyWait = 10 * time.Second
	// bodyWait is how long a client may take to send the body of a publish.
	bodyWait = 30 * time.Second
	// maxUnwanted is how large a body may be that nobody wants.
	maxUnwanted = 64 << 10
	// byeWait is how long the last write of a drain may take.
	byeWait = 2 * time.Second
	// ageRetry is the shortest pause that is asked of a reader whose stream was too old.
	ageRetry = 500 * time.Millisecond
)

// answerWait bounds an answer that is not a stream: the longest long-poll, and a
// client that reads it slowly.
const answerWait = maxWait + 30*time.Second

// New returns handlers without a bus. Close them.
func New(o Options) (*Handlers, error) {
	o = o.withDefaults()
	info := newWireInfo(o.Build, o.Heartbeat)
	draining, drain := context.WithCancel(context.Background())
	h := &Handlers{
		opts:     o,
		logger:   o.Logger,
		stream:   &streamWire{info},
		lines:    &lineWire{info},
		streams:  newStreams(),
		public:   newLimiter(publicRate, publicBurst),
		draining: draining,
		drain:    drain,
		protect:  http.NewCrossOriginProtection(),

		sayRefused: rate.Sometimes{First: 1, Interval: time.Minute},

		readyWait: readyWait, bodyWait: bodyWait, byeWait: byeWait,
	}
	gin.SetMode(gin.ReleaseMode) // or it writes to standard output
	if err := gin.New().SetTrustedProxies(o.Proxies); err != nil {
		return nil, fmt.Errorf("trusted proxies: %w", err)
	}
	for _, origin := range o.CORSOrigins {
		if origin == "*" {
			continue
		}
		if err := h.protect.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("origins: %w", err)
		}
		if strings.ContainsAny(origin, " ,;'\"") { // it goes into the policy of the pages
			return nil, fmt.Errorf("origins: %q is none; want one as https://example.org", origin)
		}
	}
	if o.ConnectRate > 0 {
		h.limit.rate = rate.NewLimiter(rate.Limit(o.ConnectRate), max(1, int(o.ConnectRate)))
	}
	h.limit.total, h.limit.perAddress = o.MaxStreams, o.PerAddress
	if err := h.startFanout(); err != nil {
		return nil, err
	}
	return h, nil
}

// Wire returns the encoding that the bus does once for each event.
func (h *Handlers) Wire() topics.Wire { return h.stream }

// Use connects the handlers with the bus that they read and publish on.
func (h *Handlers) Use(b *topics.Bus) {
	h.bus = b
	h.metrics = newMetrics(h)
}

// newRouter returns a router with the routes: it answers a panic with a 500, an
// address that it does not know with a 404, and a HEAD as the GET of the address.
func (h *Handlers) newRouter(routes []route, middleware ...gin.HandlerFunc) *gin.Engine {
	r := gin.New()
	r.HandleMethodNotAllowed = true
	r.RedirectTrailingSlash = false
	r.UseRawPath = true          // keys may hold a slash, as in EUR%2FUSD
	r.UnescapePathValues = false // it would turn a plus into a space: see pathValue
	r.Use(gin.CustomRecoveryWithWriter(nil, h.recovered))
	r.Use(h.limitTimes)
	r.Use(middleware...)
	for _, route := range routes {
		r.Handle(route.method, route.path, route.handle)
		if route.method == http.MethodGet {
			r.Handle(http.MethodHead, route.path, route.handle)
		}
	}
	r.NoMethod(func(c *gin.Context) {
		detail := c.Request.Method + " is not possible here"
		if c.Request.Method == http.MethodPost && c.Request.URL.Path == "/latest" {
			detail += "; publish on one topic: POST /latest/TOPIC"
		}
		h.fail(c, &problem{Status: http.StatusMethodNotAllowed, Detail: detail})
	})
	r.NoRoute(h.nothing)
	return r
}

// limitTimes bounds how long a request may take. Streams set their own times for each
// write.
//
// A body that nobody wants is read here: net/http would do so before it answers, and
// wait for it for ever; and it does not notice that a client has gone while one is on
// its way.
func (h *Handlers) limitTimes(c *gin.Context) {
	control, now := http.NewResponseController(c.Writer), time.Now()
	_ = control.SetWriteDeadline(now.Add(answerWait))
	if c.Request.ContentLength == 0 {
		return
	}
	_ = control.SetReadDeadline(now.Add(h.bodyWait))
	if c.Request.Method == http.MethodPost {
		return // publish reads it
	}
	_, err := io.Copy(io.Discard, http.MaxBytesReader(direct(c.Writer), c.Request.Body, maxUnwanted))
	switch {
	case err == nil:
		_ = control.SetReadDeadline(time.Time{})
	case errors.As(err, new(*http.MaxBytesError)), errors.Is(err, os.ErrDeadlineExceeded):
		h.fail(c, err)
	default:
		h.fail(c, bad("", "the body cannot be read"))
	}
}

// nothing answers an address that does not exist.
func (h *Handlers) nothing(c *gin.Context) {
	h.fail(c, &problem{Status: http.StatusNotFound, Detail: "there is nothing at this address; the stream is at /latest, the topics are at /topics"})
}

// nothingForOperators is nothing on the admin address.
func (h *Handlers) nothingForOperators(c *gin.Context) {
	h.fail(c, &problem{Status: http.StatusNotFound, Detail: "there is nothing at this address; for operators there are /metrics, /streams, /readyz, /healthz and /debug/pprof/"})
}

// pathValue returns a value of the path as the client meant it.
func pathValue(c *gin.Context, name string) string {
	value := c.Param(name)
	if c.Request.URL.RawPath != "" { // then the router has seen that one
		if plain, err := url.PathUnescape(value); err == nil {
			return plain
		}
	}
	return value
}

// ready blocks until the tape is filled, for as long as a reader would wait.
func (h *Handlers) ready(ctx context.Context) bool {
	select {
	case <-h.bus.Ready():
		return true
	default:
	}
	wait := time.NewTimer(h.readyWait)
	defer wait.Stop()
	select {
	case <-h.bus.Ready():
		return true
	case <-ctx.Done():
	case <-wait.C:
	case <-h.draining.Done():
	}
	return false
}

// cors lets pages of the configured origins read and publish. The answer depends on
// the origin, so caches are told (Fetch standard, "CORS protocol and HTTP caches").
// Only origins that are configured by name may send cookies along, which a proxy in
// front may ask for.
func (h *Handlers) cors(c *gin.Context) {
	if len(h.opts.CORSOrigins) == 0 {
		return
	}
	c.Writer.Header().Add("Vary", "Origin")
	origin := c.GetHeader("Origin")
	named := slices.Contains(h.opts.CORSOrigins, origin)
	if origin == "" || !named && !h.anyOrigin() {
		return
	}
	c.Header("Access-Control-Allow-Origin", origin)
	if named && origin != "*" {
		c.Header("Access-Control-Allow-Credentials", "true")
	}
	if c.Request.Method == http.MethodOptions && c.GetHeader("Access-Control-Request-Method") != "" {
		c.Header("Access-Control-Allow-Methods", "GET, HEAD, POST, DELETE")
		c.Header("Access-Control-Allow-Headers", "Authorization, Cache-Control, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID")
		c.Header("Access-Control-Max-Age", "600")
		c.AbortWithStatus(http.StatusNoContent)
		return
	}
	c.Header("Access-Control-Expose-Headers", "ETag, Retry-After")
}

func (h *Handlers) anyOrigin() bool { return slices.Contains(h.opts.CORSOrigins, "*") }
