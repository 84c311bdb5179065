package natslog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
)

// directGet asks for stored messages of a stream, without a consumer.
type directGet struct {
	Seq       uint64     `json:"seq,omitempty"`          // first place
	NextFor   string     `json:"next_by_subj,omitempty"` // messages on these subjects, in order
	Batch     int        `json:"batch,omitempty"`
	StartTime *time.Time `json:"start_time,omitempty"` // in place of Seq
	MultiLast []string   `json:"multi_last,omitempty"` // the last message on each, at most 1,024
}

// stored is one message as the server keeps it.
type stored struct {
	seq     uint64
	subject string
	header  nats.Header
	data    []byte
}

// errNone says that there is no such message.
var errNone = errors.New("no such message")

// get calls fn with the messages that ask is for, and returns how many there are
// after them. It returns errNone if there is none at all.
func (l *link) get(ctx context.Context, stream string, ask directGet, fn func(stored) error) (left uint64, err error) {
	text, err := json.Marshal(ask)
	if err != nil {
		return 0, err
	}
	asking, cancel := l.asking(ctx)
	defer cancel()
	inbox := l.nc.NewInbox()
	sub, err := l.nc.SubscribeSync(inbox)
	if err != nil {
		return 0, err
	}
	defer sub.Unsubscribe() //nolint:errcheck // fails only when the connection is gone
	m := &nats.Msg{Subject: "$JS.API.DIRECT.GET." + stream, Reply: inbox, Data: text}
	if err := l.nc.PublishMsg(m); err != nil {
		return 0, err
	}
	for {
		m, err := sub.NextMsgWithContext(asking)
		if err != nil {
			return 0, answerError(asking, err)
		}
		switch status := m.Header.Get("Status"); status {
		case "":
		case "204": // the end of a batch
			return strconv.ParseUint(m.Header.Get("Nats-Num-Pending"), 10, 64)
		case "404":
			return 0, errNone
		default:
			return 0, fmt.Errorf("read %s: %s %s", stream, status, m.Header.Get("Description"))
		}
		s := stored{subject: m.Header.Get("Nats-Subject"), header: m.Header, data: m.Data}
		if s.seq, err = strconv.ParseUint(m.Header.Get("Nats-Sequence"), 10, 64); err != nil {
			return 0, fmt.Errorf("read %s: a message without a place: %w", stream, err)
		}
		if err := fn(s); err != nil {
			return 0, err
		}
		if ask.Batch == 0 && len(ask.MultiLast) == 0 {
			return 0, nil
		}
	}
}
