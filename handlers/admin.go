package handlers

import (
	"net/http"
	"net/http/pprof"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Admin returns the handler of the admin address: GET /metrics, /healthz, /readyz,
// /streams and /debug/pprof/. It has no access control: bind it to loopback.
func (h *Handlers) Admin() http.Handler {
	r := newRouter(h.logger)
	r.GET("/metrics", gin.WrapH(promhttp.HandlerFor(h.metrics.registry, promhttp.HandlerOpts{})))
	r.GET("/healthz", h.getHealth)
	r.GET("/readyz", h.getReady)
	r.GET("/streams", h.getStreams)
	r.GET("/debug/pprof/*name", func(c *gin.Context) {
		switch c.Param("name") {
		case "/cmdline":
			pprof.Cmdline(c.Writer, c.Request)
		case "/profile":
			pprof.Profile(c.Writer, c.Request)
		case "/symbol":
			pprof.Symbol(c.Writer, c.Request)
		case "/trace":
			pprof.Trace(c.Writer, c.Request)
		default:
			pprof.Index(c.Writer, c.Request)
		}
	})
	return r
}

// getHealth answers GET /healthz: the process works.
func (h *Handlers) getHealth(c *gin.Context) {
	answer(c, map[string]string{"status": "ok", "build": h.opts.Build})
}

// getReady answers GET /readyz: the tape is filled, and the server is not stopping.
func (h *Handlers) getReady(c *gin.Context) {
	select {
	case <-h.bus.Ready():
	default:
		h.notReady(c, "filling the tape from the log")
		return
	}
	if h.draining.Err() != nil {
		h.notReady(c, "stopping")
		return
	}
	answer(c, map[string]string{"status": "ready", "head": h.bus.Head().String()})
}

func (h *Handlers) notReady(c *gin.Context, why string) {
	c.Header("Cache-Control", "no-store")
	c.Data(http.StatusServiceUnavailable, "application/json", append(mustJSON(map[string]string{"status": why}), '\n'))
}

// getStreams answers GET /streams: who is connected.
func (h *Handlers) getStreams(c *gin.Context) {
	list := []streamStatus{}
	for _, s := range h.streams.list() {
		list = append(list, s.status())
	}
	answer(c, map[string]any{"streams": list})
}
