package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// A route is one address and what it does. The routers and the descriptions of
// openapi.go are made of the same list, so that they cannot differ.
type route struct {
	method, path string // as the router writes it
	handle       gin.HandlerFunc

	id, summary string
	admin       bool     // on the admin address
	query       bool     // has the parameters of [query]
	secured     bool     // wants the publish key
	body        bool     // takes events
	headers     []string // of the request, see [headerDocs]
	answers     []reply
	problems    []int // statuses that are answered with a [problem]
}

// A reply is one form of an answer.
type reply struct {
	status      int
	what        string
	contentType string // "" when there is no body
	body        any    // a value of the type that the body has; nil: it is no JSON
}

const (
	contentJSON    = "application/json"
	contentProblem = "application/problem+json"
)

func jsonReply(status int, what string, body any) reply {
	return reply{status: status, what: what, contentType: contentJSON, body: body}
}

// Public returns the handler of the public address. Call it after [Handlers.Use].
func (h *Handlers) Public() http.Handler {
	r := h.newRouter(h.publicRoutes(), h.cors)
	_ = r.SetTrustedProxies(h.opts.Proxies) // checked by New
	r.NoRoute(h.pages())
	return r
}

// Admin returns the handler of the admin address: metrics, readiness, who is
// connected, profiles. It has no access control: bind it to loopback. Call it after
// [Handlers.Use].
func (h *Handlers) Admin() http.Handler {
	r := h.newRouter(h.adminRoutes())
	r.NoRoute(h.nothingForOperators)
	return r
}

// publicRoutes is what the public address serves besides the pages.
func (h *Handlers) publicRoutes() []route {
	routes := append(h.readRoutes(), h.writeRoutes()...)
	return append(routes,
		route{
			method: "GET", path: "/topics", handle: h.getTopics, id: "listTopics",
			summary: "The topics: how they work, and what is going on in them.",
			answers: []reply{jsonReply(200, "all topics, by name", topicList{})},
		},
		route{
			method: "GET", path: "/feeds", handle: h.getFeeds, id: "listFeeds",
			summary: "The feeds: their state, since when, the next run, the last error.",
			answers: []reply{jsonReply(200, "all feeds", feedList{})},
		},
		h.healthRoute(),
		route{
			method: "GET", path: "/settings.json", handle: h.getSettings, id: "settings",
			summary: "What a page must know of its server: the build, and whose pages may embed it.",
			answers: []reply{jsonReply(200, "the settings", siteSettings{})},
		},
		route{
			method: "GET", path: "/openapi.json", handle: h.document(h.openAPI), id: "describeHTTP",
			summary: "This description.", headers: []string{"If-None-Match"},
			answers: []reply{{200, "OpenAPI 3.1", contentJSON, nil}, {304, "the client has it", "", nil}},
		},
		route{
			method: "GET", path: "/asyncapi.json", handle: h.document(h.asyncAPI), id: "describeStream",
			summary: "The description of the stream and its events.", headers: []string{"If-None-Match"},
			answers: []reply{{200, "AsyncAPI 3.0", contentJSON, nil}, {304, "the client has it", "", nil}},
		},
	)
}

func (h *Handlers) readRoutes() []route {
	at := func(path, id, summary string, problems ...int) route {
		return route{
			method: "GET", path: path, handle: h.getLatest, id: id, summary: summary, query: true,
			headers: []string{"Last-Event-ID", "If-None-Match"},
			answers: []reply{
				{200, "the stream, current values, or lines, as Accept asks", string(faceStream), nil},
				jsonReply(200, "", jsonPage{}),
				{200, "", string(faceNDJSON), envelope{}},
				{204, "the topics are over: an EventSource does not come back", "", nil},
				{304, "the values have not changed", "", nil},
			},
			problems: append([]int{400, 406, 503}, problems...),
		}
	}
	return []route{
		at("/latest", "readLatest", "Events of the topics in type, live."),
		at("/latest/:topic", "readTopic", "Events of one topic, live.", 404),
		at("/latest/:topic/:key", "readKey", "Events of one key of a topic, live.", 404),
	}
}

func (h *Handlers) writeRoutes() []route {
	post := func(path, id, summary string) route {
		return route{
			method: "POST", path: path, handle: h.publish, id: id, summary: summary, secured: true, body: true,
			headers:  []string{"Idempotency-Key"},
			answers:  []reply{jsonReply(201, "the log has stored every event", published{})},
			problems: []int{400, 401, 403, 404, 408, 413, 415, 422, 429, 503},
		}
	}
	remove := func(path, id, summary string) route {
		return route{
			method: "DELETE", path: path, handle: h.retract, id: id, summary: summary, secured: true,
			answers:  []reply{jsonReply(200, "the log has stored the retraction", published{})},
			problems: []int{401, 403, 404, 503},
		}
	}
	return []route{
		post("/latest/:topic", "publish", "Publishes events on a topic, all of them or none."),
		post("/latest/:topic/:key", "publishKey", "Publishes events of one key."),
		remove("/latest/:topic", "retractTopic", "Withdraws the value of a topic that has one value."),
		remove("/latest/:topic/:key", "retractKey", "Withdraws the value of a key, or the event with that id."),
	}
}

func (h *Handlers) healthRoute() route {
	return route{
		method: "GET", path: "/healthz", handle: h.getHealth, id: "health",
		summary: "Whether the process works.",
		answers: []reply{jsonReply(200, "it does", health{})},
	}
}

// adminRoutes is what the admin address serves.
func (h *Handlers) adminRoutes() []route {
	return []route{
		h.healthRoute(),
		{
			method: "GET", path: "/readyz", handle: h.getReady, id: "ready", admin: true,
			summary: "Whether the tape is filled and the server is not stopping.",
			answers: []reply{jsonReply(200, "ready", readiness{}), jsonReply(503, "not ready", readiness{})},
		},
		{
			method: "GET", path: "/streams", handle: h.getStreams, id: "listStreams", admin: true,
			summary: "Who is connected.",
			answers: []reply{jsonReply(200, "all streams, oldest first", streamList{})},
		},
		{
			method: "GET", path: "/metrics", id: "metrics", admin: true,
			handle:  gin.WrapH(promhttp.HandlerFor(h.metrics.registry, promhttp.HandlerOpts{})),
			summary: "Counters for Prometheus.",
			answers: []reply{{200, "all metrics", "text/plain", nil}},
		},
		{
			method: "GET", path: "/debug/pprof/*name", handle: getProfile, id: "profile", admin: true,
			summary: "Profiles of the Go runtime.",
			answers: []reply{{200, "a profile", "application/octet-stream", nil}},
		},
	}
}
