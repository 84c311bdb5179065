package alpaca

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"tickertape/feeds"
	"tickertape/feeds/market"
)

const (
	answerTime = 10 * time.Second // for Alpaca to answer what we say first
	limitPause = 30 * time.Second // until it has noticed that a connection is gone
)

// A run is one run of a feed.
type run struct {
	*feed
	pub   feeds.Publisher
	stale chan struct{} // capacity 1: newer snapshots are needed; never closed
}

// A message is one of a frame, which is an array of them. Its sort is T: t is a trade,
// success, error and subscription answer what we said.
type message struct {
	Type    string         `json:"T"`
	Message string         `json:"msg"`
	Code    int            `json:"code"`
	Symbol  string         `json:"S"`
	Price   market.Decimal `json:"p"`
	Time    time.Time      `json:"t"`

	Size json.RawMessage `json:"s"` // of no use; but without it, it would be taken for S
}

// talk authenticates, subscribes, and reads trades until the session ends.
func (r *run) talk(s *market.Session) error {
	steps := []struct {
		say  any
		want func(message) bool
	}{
		{nil, success("connected")},
		{map[string]string{"action": "auth", "key": r.opts.Key, "secret": r.opts.Secret}, success("authenticated")},
		{map[string]any{"action": "subscribe", "trades": r.opts.Symbols}, func(m message) bool { return m.Type == "subscription" }},
	}
	for _, step := range steps {
		if step.say != nil {
			if err := s.Send(step.say); err != nil {
				return err
			}
		}
		if err := r.await(s, step.want); err != nil {
			return err
		}
	}
	for {
		list, err := r.read(s, 0)
		if err != nil {
			return err
		}
		r.take(list)
	}
}

func success(text string) func(message) bool {
	return func(m message) bool { return m.Type == "success" && m.Message == text }
}

// await reads until a message is the wanted one. Trades may come with it.
func (r *run) await(s *market.Session, wanted func(message) bool) error {
	for deadline := time.Now().Add(answerTime); ; {
		left := time.Until(deadline)
		if left <= 0 {
			return fmt.Errorf("%s does not answer in time", source)
		}
		list, err := r.read(s, left)
		if err != nil {
			return err
		}
		r.take(list)
		if slices.ContainsFunc(list, wanted) {
			return nil
		}
	}
}

// read returns the messages of the next frame. An error among them is returned as one.
func (r *run) read(s *market.Session, wait time.Duration) ([]message, error) {
	data, err := s.Read(wait)
	if err != nil {
		return nil, err
	}
	var list []message
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("%s sent what is no frame of its stream (%w): %.100q", source, err, data)
	}
	for _, m := range list {
		if m.Type == "error" {
			return nil, m.failure(r.opts)
		}
	}
	return list, nil
}

// failure says what an error message of the stream asks for.
func (m message) failure(o Options) error {
	err := fmt.Errorf("%s: error %d: %.200s", source, m.Code, m.Message)
	switch m.Code {
	case 401, 402:
		return feeds.NeedsAttention(err, "check key and secret: keys of the Broker API, and old ones, are not taken")
	case 405:
		return feeds.NeedsAttention(err, fmt.Sprintf("list fewer than %d symbols, or take a larger plan", len(o.Symbols)))
	case 406:
		return feeds.RetryAfter(limitPause, fmt.Errorf("%w: another program uses the key, or did a moment ago", err))
	case 409:
		return feeds.NeedsAttention(err, fmt.Sprintf("your plan does not have feed %s: set feed: iex", o.Feed))
	}
	return err
}

// take hands on the newest trade of each symbol in a frame.
func (r *run) take(list []message) {
	newest := make(map[string]message, 1)
	for _, m := range list {
		if m.Type != "t" {
			continue
		}
		if last, ok := newest[m.Symbol]; !ok || !m.Time.Before(last.Time) {
			newest[m.Symbol] = m
		}
	}
	for symbol, m := range newest {
		if r.board.Trade(symbol, m.Price, m.Time) {
			select {
			case r.stale <- struct{}{}:
			default: // they are asked for already
			}
		}
	}
}
