package natslog

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go"

	"tickertape/topics"
)

// Headers of an atomic batch. The server stages the messages, and stores them at
// consecutive places when the one with the commit header arrives.
const (
	batchID     = "Nats-Batch-Id"
	batchSeq    = "Nats-Batch-Sequence"
	batchCommit = "Nats-Batch-Commit"
)

// How much of a batch may be under way before the server has staged it. It drops
// what comes too fast: 10,000 messages or 128 MiB, of all publishers together.
const (
	batchAheadMessages = 500
	batchAheadBytes    = 4 << 20
)

// publishBatch publishes the messages, at most [topics.MaxBatch] of one stream,
// all or none, and returns the answer to the last. An error other than
// [topics.ErrUnknownOutcome] means that none is stored.
func (l *link) publishBatch(ctx context.Context, messages []*nats.Msg) (pubAck, error) {
	defer unbatch(messages)
	id := rand.Text()
	count, bytes := 0, 0 // since the server was last waited for
	last := len(messages) - 1
	for i, m := range messages {
		if m.Header == nil {
			m.Header = make(nats.Header, 3)
		}
		m.Header[batchID] = []string{id}
		m.Header[batchSeq] = []string{strconv.Itoa(i + 1)}
		m.Reply = ""
		if i == last {
			break
		}
		count++
		bytes += m.Size()
		if count < batchAheadMessages && bytes < batchAheadBytes {
			if err := l.publish(m); err != nil {
				return pubAck{}, err
			}
			continue
		}
		if err := l.stage(ctx, m); err != nil {
			return pubAck{}, err
		}
		count, bytes = 0, 0
	}
	messages[last].Header[batchCommit] = []string{"1"}
	r, err := l.send(messages[last])
	if err != nil {
		return pubAck{}, err
	}
	ack, err := l.waitAck(ctx, r)
	if err == nil && ack.Count != len(messages) {
		err = fmt.Errorf("%w: %d of %d events", topics.ErrUnknownOutcome, ack.Count, len(messages))
	}
	return ack, err
}

// stage publishes a message of a batch and waits until the server has it.
// Whatever goes wrong before the commit, nothing is stored.
func (l *link) stage(ctx context.Context, m *nats.Msg) error {
	r, err := l.send(m)
	if err != nil {
		return err
	}
	answer, err := l.wait(ctx, r)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("%w: stage a batch: %s", topics.ErrUnavailable, err.Error())
	}
	var refusal pubAck
	if len(answer.Data) > 0 && json.Unmarshal(answer.Data, &refusal) == nil && refusal.Error != nil {
		return fmt.Errorf("%w: stage a batch: %w", topics.ErrUnavailable, refusal.Error)
	}
	return nil
}

// unbatch takes the batch out of the headers, so that a message can be sent again.
func unbatch(messages []*nats.Msg) {
	for _, m := range messages {
		delete(m.Header, batchID)
		delete(m.Header, batchSeq)
		delete(m.Header, batchCommit)
	}
}

// refused returns the server's refusal in err, or nil.
func refused(err error) *apiError {
	var refusal *apiError
	errors.As(err, &refusal)
	return refusal
}
