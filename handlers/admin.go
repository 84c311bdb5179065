package handlers

import (
	"net/http"
	"net/http/pprof"

	"github.com/gin-gonic/gin"
)

// health is the answer of GET /healthz.
type health struct {
	Status string `json:"status" doc:"ok"`
	Build  string `json:"build"`
}

// readiness is the answer of GET /readyz.
type readiness struct {
	Status string `json:"status" doc:"ready, or why it is not"`
	Head   string `json:"head,omitempty" doc:"newest position"`
}

// streamList is the answer of GET /streams.
type streamList struct {
	Streams []streamStatus `json:"streams"`
}

// getProfile answers GET /debug/pprof/.
func getProfile(c *gin.Context) {
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
}

// getHealth answers GET /healthz: the process works.
func (h *Handlers) getHealth(c *gin.Context) {
	answer(c, health{Status: "ok", Build: h.opts.Build})
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
	answer(c, readiness{Status: "ready", Head: h.bus.Head().String()})
}

func (h *Handlers) notReady(c *gin.Context, why string) {
	c.Header("Cache-Control", "no-store")
	c.Data(http.StatusServiceUnavailable, "application/json", append(mustJSON(readiness{Status: why}), '\n'))
}

// getStreams answers GET /streams: who is connected.
func (h *Handlers) getStreams(c *gin.Context) {
	list := streamList{Streams: []streamStatus{}}
	for _, s := range h.streams.list() {
		list.Streams = append(list.Streams, statusOf(s))
	}
	answer(c, list)
}
