package finnhub

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"tickertape/feeds"
	"tickertape/feeds/market"
)

// A run is one run of a feed.
type run struct {
	*feed
	pub    feeds.Publisher
	prices *market.Conflator
	calls  chan call // capacity: two for each symbol, as many as can be queued; never closed
}

// frame is a message of the stream: type trade, ping, news or error.
type frame struct {
	Type    string  `json:"type"`
	Message string  `json:"msg"`
	Data    []trade `json:"data"`
}

// A trade has its time in milliseconds here.
type trade struct {
	Symbol string         `json:"s"`
	Price  market.Decimal `json:"p"`
	Time   int64          `json:"t"`
}

// talk subscribes and reads trades until the session ends.
func (r *run) talk(s *market.Session) error {
	for _, symbol := range r.opts.Symbols {
		if err := s.Send(map[string]string{"type": "subscribe", "symbol": symbol}); err != nil {
			return err
		}
	}
	for {
		message, err := s.Read(0)
		if err != nil {
			return err
		}
		var f frame
		if err := json.Unmarshal(message, &f); err != nil {
			return fmt.Errorf("%s sent what is no frame of its stream (%w): %.100q", source, err, message)
		}
		switch f.Type {
		case "trade":
			r.take(f.Data)
		case "error":
			r.complain(f.Message)
		}
	}
}

// take hands on the newest trade of each symbol in a frame.
func (r *run) take(trades []trade) {
	now := time.Now()
	newest := make(map[string]trade, 1)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range trades {
		if l := r.listings[t.Symbol]; l == nil || t.Time <= 0 || !t.Price.Positive() {
			continue
		}
		r.trades++
		if t.Time >= newest[t.Symbol].Time {
			newest[t.Symbol] = t
		}
	}
	for symbol, t := range newest {
		r.showLocked(symbol, t.Price, time.UnixMilli(t.Time), now)
	}
}

// showLocked hands a price on unless a newer one was, and asks for a newer reference
// where one is needed.
func (r *run) showLocked(symbol string, price market.Decimal, at, now time.Time) {
	l := r.listings[symbol]
	if at.Before(l.shown) {
		return
	}
	l.shown = at
	l.problem = "" // it has prices, whatever was said before
	r.prices.Put(symbol, l.item(r.env.Topic, symbol, price, at, now))
	if _, outdated := l.reference.PreviousClose(at); outdated {
		r.queueLocked(symbol)
	}
}

// complain shows an error of the stream, which may be about a symbol.
func (r *run) complain(message string) {
	if symbol, ok := strings.CutPrefix(message, "Invalid symbol "); ok && r.listings[symbol] != nil {
		r.setProblem(symbol, "the stream takes it for no symbol")
		return
	}
	r.pub.Log().Warn("the stream reports an error", "error", fmt.Sprintf("%.200s", message))
	feeds.Note(r.pub, fmt.Sprintf("%s says: %.200s", source, message))
}
