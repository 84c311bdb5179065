package finnhub

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"tickertape/feeds"
	"tickertape/feeds/market"
)

// A run is one run of a feed.
type run struct {
	*feed
	pub   feeds.Publisher
	calls chan call // capacity: two for each symbol, as many as can be queued; never closed

	mu     sync.Mutex      // guards asking
	asking map[string]bool // symbols whose quote is to be asked for, or is being
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
	newest := make(map[string]trade, 1)
	for _, t := range trades {
		if last, ok := newest[t.Symbol]; !ok || t.Time >= last.Time {
			newest[t.Symbol] = t
		}
	}
	for symbol, t := range newest {
		if r.board.Trade(symbol, t.Price, time.UnixMilli(t.Time)) {
			r.queueQuote(symbol)
		}
	}
}

// complain shows an error of the stream, which may be about a symbol.
func (r *run) complain(message string) {
	if symbol, ok := strings.CutPrefix(message, "Invalid symbol "); ok {
		r.board.Problem(r.pub, symbol, "the stream takes it for no symbol", symbolHint)
		return
	}
	r.pub.Log().Warn("the stream reports an error", "error", fmt.Sprintf("%.200s", message))
	feeds.Note(r.pub, fmt.Sprintf("%s says: %.200s", source, message))
}
