package feedtest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
)

// RoundTrip answers a request without a socket; see [Source]. The goroutine of the
// answer ends when the body is closed, or with the request's context; both await it.
func (s *Source) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(req.Context())
	asked := req.Clone(ctx)
	asked.RequestURI = req.URL.RequestURI()
	if asked.Body == nil {
		asked.Body = http.NoBody
	}
	if asked.Host == "" {
		asked.Host = req.URL.Host
	}
	reader, writer := io.Pipe()
	w := &answerWriter{header: make(http.Header), body: writer, begun: make(chan struct{}), done: make(chan struct{})}
	go w.serve(s, asked)
	body := &answerBody{PipeReader: reader, cancel: cancel, done: w.done}
	select {
	case <-w.begun:
	case <-ctx.Done():
		err := context.Cause(ctx)
		body.Close()
		return nil, err
	}
	if w.status == 0 {
		body.Close()
		return nil, errors.New("the connection was cut before an answer")
	}
	body.stop = context.AfterFunc(ctx, func() { writer.CloseWithError(context.Cause(ctx)) })
	return &http.Response{
		Status: http.StatusText(w.status), StatusCode: w.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.sent, Body: body, ContentLength: -1, Request: req,
	}, nil
}

// An answerWriter is the server's side of an answer without a socket.
type answerWriter struct {
	header http.Header
	body   *io.PipeWriter
	once   sync.Once
	begun  chan struct{} // closed when status and sent are set, or never will be
	done   chan struct{} // closed when the handler has returned

	status int         // set before begun is closed
	sent   http.Header // a copy of header as it was then
}

// serve lets the handler answer; RoundTrip says who awaits its goroutine.
func (w *answerWriter) serve(s *Source, r *http.Request) {
	defer close(w.done)
	defer func() {
		end := io.EOF
		if recover() != nil {
			end = io.ErrUnexpectedEOF // a connection that was cut
		} else if gone := context.Cause(r.Context()); gone != nil {
			end = gone // and so the body is not whole
		} else {
			w.WriteHeader(http.StatusOK)
		}
		w.body.CloseWithError(end)
		w.once.Do(func() { close(w.begun) })
	}()
	s.ServeHTTP(w, r)
}

func (w *answerWriter) Header() http.Header { return w.header }

func (w *answerWriter) WriteHeader(status int) {
	w.once.Do(func() {
		w.status, w.sent = status, w.header.Clone()
		close(w.begun)
	})
}

func (w *answerWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}

// Flush sends the head; nothing else is held back.
func (w *answerWriter) Flush() { w.WriteHeader(http.StatusOK) }

// An answerBody is the client's side.
type answerBody struct {
	*io.PipeReader
	cancel func()
	stop   func() bool // of the watch on the request's context; nil before there is one
	done   <-chan struct{}
}

func (b *answerBody) Close() error {
	if b.stop != nil {
		b.stop()
	}
	b.cancel()
	b.PipeReader.Close()
	<-b.done
	return nil
}
