package handlers

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/time/rate"

	"tickertape/topics"
)

// Options of the handlers. The zero value of a field is its default.
type Options struct {
	Catalogue   *topics.Catalogue // required
	PublishKey  string            // who knows it may publish; "" means nobody may
	Proxies     []string          // addresses or networks of proxies whose X-Forwarded-For is believed; default none
	CORSOrigins []string          // origins of pages that may read and publish from elsewhere; "*" means any; default none
	MaxBody     int64             // bytes of a publish; default 4 MiB
	Heartbeat   time.Duration     // as the bus has it; default 15 s
	Stall       time.Duration     // how long one write may wait for a reader; default 5 min
	DrainSpread time.Duration     // readers are asked to come back within this time after a drain; default 10 s
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

// Handlers answer requests from a bus. Make them with [New], give Wire to the bus,
// and the bus to Serve, before the first request.
type Handlers struct {
	opts    Options
	logger  *slog.Logger
	bus     *topics.Bus
	stream  *streamWire
	lines   *lineWire
	streams *streams
	public  *limiter // of publishes without a key
	metrics *metrics

	protect *http.CrossOriginProtection

	draining context.Context // ends with Drain
	drain    context.CancelFunc
}

// publicRate is how often one address may publish without a key.
const (
	publicRate  = rate.Limit(1)
	publicBurst = 5
)

// answerWait bounds an answer that is not a stream: the longest long-poll, and a
// client that reads it slowly.
const answerWait = maxWait + 30*time.Second

// New returns handlers without a bus.
func New(o Options) (*Handlers, error) {
	o = o.withDefaults()
	info := wireInfo{build: o.Build, heartbeat: o.Heartbeat}
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
	}
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

// Public returns the handler of the public address.
func (h *Handlers) Public() http.Handler {
	r := newRouter(h.logger)
	_ = r.SetTrustedProxies(h.opts.Proxies) // checked by New
	r.Use(h.cors)
	r.GET("/latest", h.getLatest)
	r.GET("/latest/:topic", h.getLatest)
	r.GET("/latest/:topic/:key", h.getLatest)
	r.POST("/latest/:topic", h.publish)
	r.POST("/latest/:topic/:key", h.publish)
	r.DELETE("/latest/:topic", h.retract)
	r.DELETE("/latest/:topic/:key", h.retract)
	r.GET("/topics", h.getTopics)
	r.GET("/feeds", h.getFeeds)
	r.GET("/healthz", h.getHealth)
	r.NoRoute(h.pages())
	r.NoMethod(func(c *gin.Context) {
		h.fail(c, &problem{Status: http.StatusMethodNotAllowed, Detail: c.Request.Method + " is not possible here"})
	})
	return r
}

// newRouter returns a router that answers a panic with a 500 and logs it.
func newRouter(logger *slog.Logger) *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.HandleMethodNotAllowed = true
	r.RedirectTrailingSlash = false
	r.UseRawPath = true // keys may hold a slash, as in EUR%2FUSD
	r.Use(gin.CustomRecoveryWithWriter(nil, func(c *gin.Context, fault any) {
		logger.Error("panic in a handler", "path", c.Request.URL.Path, "panic", fault)
		c.AbortWithStatus(http.StatusInternalServerError)
	}))
	r.Use(func(c *gin.Context) { // streams set their own for each write
		_ = http.NewResponseController(c.Writer).SetWriteDeadline(time.Now().Add(answerWait))
	})
	return r
}

// ready blocks until the tape is filled, for as long as a reader would wait.
func (h *Handlers) ready(ctx context.Context) bool {
	select {
	case <-h.bus.Ready():
		return true
	default:
	}
	wait := time.NewTimer(10 * time.Second)
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
func (h *Handlers) cors(c *gin.Context) {
	if len(h.opts.CORSOrigins) == 0 {
		return
	}
	c.Header("Vary", "Origin")
	origin := c.GetHeader("Origin")
	if origin == "" || !h.allowed(origin) {
		return
	}
	c.Header("Access-Control-Allow-Origin", origin)
	if c.Request.Method == http.MethodOptions && c.GetHeader("Access-Control-Request-Method") != "" {
		c.Header("Access-Control-Allow-Methods", "GET, POST, DELETE")
		c.Header("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, Last-Event-ID, If-None-Match")
		c.Header("Access-Control-Max-Age", "600")
		c.AbortWithStatus(http.StatusNoContent)
		return
	}
	c.Header("Access-Control-Expose-Headers", "ETag, Retry-After")
}

func (h *Handlers) allowed(origin string) bool {
	for _, o := range h.opts.CORSOrigins {
		if o == "*" || o == origin {
			return true
		}
	}
	return false
}
