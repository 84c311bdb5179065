package finnhub

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tickertape/feeds"
	"tickertape/feeds/market"
)

const (
	retryLeast  = 30 * time.Second // after a call that failed
	retryMost   = 5 * time.Minute
	limitedWait = time.Minute // after a 429 that does not say how long
)

// A call is one look-up to be made, at one of the two addresses.
type call struct{ symbol, address string }

// queueAll queues what is not known yet: first all quotes, so that each display has
// a price, then names and currencies.
func (r *run) queueAll() {
	for _, symbol := range r.board.Outdated(time.Now()) {
		r.queueQuote(symbol)
	}
	for _, symbol := range r.opts.Symbols {
		if !r.profiled[symbol] {
			r.calls <- call{symbol, profileURL}
		}
	}
}

// queueQuote queues a call for a quote unless one is queued or under way. It does not
// block: there is room for two calls of each symbol.
func (r *run) queueQuote(symbol string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.asking[symbol] {
		r.asking[symbol] = true
		r.calls <- call{symbol, quoteURL}
	}
}

// answered lets the quote of a symbol be asked for again.
func (r *run) answered(symbol string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.asking, symbol)
}

// lookUp makes the calls, at the allowed rate, until ctx is done. A failure is made
// good later and does not end the stream, except where the key is refused.
func (r *run) lookUp(ctx context.Context) error {
	pause := retryLeast
	for {
		var c call
		select {
		case <-ctx.Done():
			return nil
		case c = <-r.calls:
		}
		for {
			err := r.do(ctx, c)
			if err == nil || ctx.Err() != nil {
				break
			}
			wait, fatal := r.judge(err, pause)
			if fatal != nil {
				return fatal
			}
			feeds.Note(r.pub, "look-up of "+c.symbol+" failed, tried again: "+err.Error())
			pause = min(2*pause, retryMost)
			sleep(ctx, wait)
		}
		pause = retryLeast
	}
}

// judge says how long to wait after a look-up that failed, or that the run is to end.
func (r *run) judge(err error, pause time.Duration) (wait time.Duration, fatal error) {
	if errors.Is(err, errNothing) {
		return 0, err
	}
	var status *feeds.StatusError
	if errors.As(err, &status) {
		switch status.Code {
		case http.StatusUnauthorized:
			return 0, refined(err)
		case http.StatusTooManyRequests:
			after, _ := feeds.RetryDelay(err)
			return min(max(after, limitedWait), retryMost), nil
		}
	}
	return pause, nil
}

// sleep waits for d or for ctx's end.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// do makes one call. A symbol that the key does not cover is told of once and is no
// error.
func (r *run) do(ctx context.Context, c call) error {
	if err := r.limit.Wait(ctx); err != nil {
		return err
	}
	var err error
	if c.address == quoteURL {
		err = r.askQuote(ctx, c.symbol)
	} else {
		err = r.askProfile(ctx, c.symbol)
	}
	var status *feeds.StatusError
	if errors.As(err, &status) && status.Code == http.StatusForbidden {
		if c.address == quoteURL {
			return r.giveUp(c.symbol, "your plan does not cover it")
		}
		err = nil // prices go without a name
	}
	if err == nil && c.address == profileURL {
		r.profiled[c.symbol] = true
	}
	return err
}

// quote is the answer to a call for a quote; its time is in seconds.
type quote struct {
	Current  market.Decimal `json:"c"`
	Previous market.Decimal `json:"pc"`
	Time     int64          `json:"t"`
}

func (r *run) askQuote(ctx context.Context, symbol string) error {
	var q quote
	if err := r.get(ctx, quoteURL, symbol, &q); err != nil {
		return err
	}
	now := time.Now()
	if !q.Current.Positive() && !strings.Contains(symbol, ":") { // currencies are streamed without a quote
		return r.giveUp(symbol, "Finnhub knows no such symbol, or has no prices of it")
	}
	ref := market.Reference{Fetched: now}
	at := time.Unix(q.Time, 0)
	if q.Time > 0 && q.Current.Positive() {
		ref.Close, ref.Previous, ref.At = q.Current, q.Previous, at
	}
	r.board.Refer(symbol, ref, q.Current, at)
	r.answered(symbol)
	return nil
}

// giveUp notes why a symbol has no quotes; the next run asks again. When that is so of
// all, the feed needs somebody's attention.
func (r *run) giveUp(symbol, problem string) error {
	r.board.Refer(symbol, market.Reference{Fetched: time.Now()}, "", time.Time{})
	r.answered(symbol)
	if r.board.Problem(r.pub, symbol, problem, symbolHint) {
		return errNothing
	}
	return nil
}

const symbolHint = "look it up at https://finnhub.io/docs/api/symbol-search"

var errNothing = feeds.NeedsAttention(fmt.Errorf("%s has quotes of none of the symbols", source),
	"check symbols: American shares as AAPL, others with their exchange, as BINANCE:BTCUSDT")

// profile is the answer to a call for a company; it is empty for what is none.
type profile struct {
	Name     string `json:"name"`
	Currency string `json:"currency"`
}

func (r *run) askProfile(ctx context.Context, symbol string) error {
	var p profile
	if err := r.get(ctx, profileURL, symbol, &p); err != nil {
		return err
	}
	r.board.Describe(symbol, p.Name, p.Currency)
	return nil
}

// get makes a call. The key goes into a header: addresses are shown in errors.
func (r *run) get(ctx context.Context, address, symbol string, into any) error {
	header := http.Header{"X-Finnhub-Token": {r.opts.Token}, "Cache-Control": {"no-cache"}}
	_, err := feeds.GetJSON(ctx, r.pub.HTTP(), address+"?"+url.Values{"symbol": {symbol}}.Encode(), header, into)
	return err
}
