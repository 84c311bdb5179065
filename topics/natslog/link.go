package natslog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"tickertape/topics"
)

// answerTime is how long a request waits for its answer; a disk that does not
// take a write within it is as good as gone.
const answerTime = 10 * time.Second

// A link is the connection to the server, with the requests that wait for an
// answer. Several requests can be under way before the first answer is awaited,
// and a lost connection ends the wait of all of them at once.
type link struct {
	nc     *nats.Conn
	inbox  string // subject of the answers, up to the request's own token
	answer *nats.Subscription
	ended  <-chan struct{} // closed when nobody may wait any longer

	mu      sync.Mutex         // guards the fields below
	up      chan struct{}      // closed while the link stands
	life    context.Context    // of the connection: done while the link does not stand
	lose    context.CancelFunc // ends life
	next    uint64
	waiting map[string]*request // by token; as many as the callers have under way
}

// A request has been sent and waits for its answer.
type request struct {
	token  string
	answer chan *nats.Msg  // capacity 1; takeAnswer sends; never closed
	life   context.Context // of the connection that it was sent on
}

// newLink returns a link that is not attached yet; ended ends every wait on it.
func newLink(ended <-chan struct{}) *link {
	l := &link{
		ended:   ended,
		up:      make(chan struct{}),
		waiting: make(map[string]*request),
	}
	l.life, l.lose = context.WithCancel(context.Background())
	close(l.up)
	return l
}

// attach gives the link its connection.
func (l *link) attach(nc *nats.Conn) (err error) {
	l.nc, l.inbox = nc, nc.NewInbox()+"."
	l.answer, err = nc.Subscribe(l.inbox+"*", l.takeAnswer)
	return err
}

// close closes the connection.
func (l *link) close() {
	if l.nc != nil {
		l.nc.Close()
	}
	l.disconnected()
}

func (l *link) disconnected() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.life.Err() == nil {
		l.lose()
		l.up = make(chan struct{})
	}
}

func (l *link) reconnected() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.life.Err() != nil {
		close(l.up)
		l.life, l.lose = context.WithCancel(context.Background())
	}
}

// state returns a channel that is closed while the link stands, and a context that
// is done when it is lost. They are of this moment: ask again after either is seen.
func (l *link) state() (up <-chan struct{}, life context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.up, l.life
}

// errLost ends what was asked over a connection that is no more.
var errLost = errors.New("the connection was lost")

// asking returns a context for one question to the server that changes nothing
// which could not be asked again: it ends with ctx, with the connection, and when the
// answer is late.
func (l *link) asking(ctx context.Context) (context.Context, context.CancelFunc) {
	_, life := l.state()
	ctx, cancel := context.WithTimeoutCause(ctx, answerTime, fmt.Errorf("no answer within %v", answerTime))
	ctx, lose := context.WithCancelCause(ctx)
	stop := context.AfterFunc(life, func() { lose(errLost) })
	return ctx, func() {
		stop()
		lose(nil)
		cancel()
	}
}

// send sends m and asks for an answer. An error means that m was not sent.
func (l *link) send(m *nats.Msg) (*request, error) {
	r := &request{answer: make(chan *nats.Msg, 1)}
	l.mu.Lock()
	l.next++
	r.token, r.life = strconv.FormatUint(l.next, 36), l.life
	l.waiting[r.token] = r
	l.mu.Unlock()
	m.Reply = l.inbox + r.token
	if err := l.publish(m); err != nil {
		l.forget(r)
		return nil, err
	}
	return r, nil
}

// publish sends m. An error means that it was not sent.
func (l *link) publish(m *nats.Msg) error {
	err := l.nc.PublishMsg(m)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, nats.ErrMaxPayload):
		return fmt.Errorf("%w: %w", topics.ErrTooLarge, err)
	}
	return fmt.Errorf("%w: %w", topics.ErrUnavailable, err)
}

func (l *link) forget(r *request) {
	l.mu.Lock()
	delete(l.waiting, r.token)
	l.mu.Unlock()
}

// takeAnswer runs on the goroutine of the answer subscription.
func (l *link) takeAnswer(m *nats.Msg) {
	token := m.Subject[len(l.inbox):]
	l.mu.Lock()
	r := l.waiting[token]
	delete(l.waiting, token)
	l.mu.Unlock()
	if r != nil {
		r.answer <- m
	}
}

// wait returns the answer to r. It blocks for [answerTime] at most; an error is
// [topics.ErrUnknownOutcome], or [topics.ErrUnavailable] where nobody took the
// message.
func (l *link) wait(ctx context.Context, r *request) (*nats.Msg, error) {
	late := time.NewTimer(answerTime)
	defer late.Stop()
	var err error
	select {
	case m := <-r.answer:
		if len(m.Data) == 0 && m.Header.Get("Status") == "503" {
			return nil, fmt.Errorf("%w: no stream takes the message", topics.ErrUnavailable)
		}
		return m, nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-r.life.Done():
		err = errLost
	case <-l.ended:
		err = errors.New("the log was closed")
	case <-late.C:
		err = fmt.Errorf("no answer within %v", answerTime)
	}
	l.forget(r)
	return nil, fmt.Errorf("%w: %w", topics.ErrUnknownOutcome, err)
}

// A pubAck is the server's answer to what was published to a stream.
type pubAck struct {
	Seq   uint64    `json:"seq"`
	Count int       `json:"count"`
	Error *apiError `json:"error"`
}

// apiError is the server's refusal: it has stored nothing.
type apiError struct {
	Code        int    `json:"code"`
	ErrCode     int    `json:"err_code"`
	Description string `json:"description"`
}

func (e *apiError) Error() string { return strings.TrimSpace(e.Description) }

// Numbers of refusals, from the server's list of errors.
const (
	codeMessageTooLarge    = 10054
	codeBatchTooLarge      = 10199
	codeWrongLastSeq       = 10071
	codeWrongLastSeqSecret = 10164 // the same, without telling the right one
)

// waitAck returns the place that the server gave to the message of r, and how
// many messages were stored with it (0 says: one, not in a batch).
func (l *link) waitAck(ctx context.Context, r *request) (pubAck, error) {
	m, err := l.wait(ctx, r)
	if err != nil {
		return pubAck{}, err
	}
	var ack pubAck
	if err := json.Unmarshal(m.Data, &ack); err != nil {
		return pubAck{}, fmt.Errorf("%w: read its answer: %w", topics.ErrUnknownOutcome, err)
	}
	if ack.Error == nil {
		if ack.Seq == 0 {
			return pubAck{}, fmt.Errorf("%w: its answer names no place", topics.ErrUnknownOutcome)
		}
		return ack, nil
	}
	switch ack.Error.ErrCode {
	case codeMessageTooLarge, codeBatchTooLarge:
		return pubAck{}, fmt.Errorf("%w: %w", topics.ErrTooLarge, ack.Error)
	}
	return pubAck{}, fmt.Errorf("%w: %w", topics.ErrUnavailable, ack.Error)
}
