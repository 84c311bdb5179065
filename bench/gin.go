package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/gin-gonic/gin" //nolint:depguard // what the server is compared with, in a module apart
)

// runGin serves streams the plain way, for the connect rate: a Gin handler that writes one
// event and waits for its client to go. It returns when the listener fails.
func runGin(address string, out io.Writer) error {
	gin.SetMode(gin.ReleaseMode)
	routes := gin.New()
	data := newEventData(plannedSize)
	routes.GET("/latest", func(c *gin.Context) {
		c.Header("Content-Type", "text/event-stream")
		c.Header("Cache-Control", "no-cache")
		c.SSEvent(benchTopic, string(data))
		c.Writer.Flush()
		<-c.Request.Context().Done()
	})
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", address)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "listening")
	server := &http.Server{Handler: routes, ReadHeaderTimeout: 10 * time.Second}
	return server.Serve(listener)
}
