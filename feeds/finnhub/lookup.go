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

// What is asked of a symbol.
const (
	quoteCall   = quoteURL
	profileCall = profileURL
)

const (
	retryLeast  = 30 * time.Second // after a call that failed
	retryMost   = 5 * time.Minute
	limitedWait = time.Minute // after a 429 that does not say how long
)

// A call is one look-up to be made.
type call struct{ symbol, address string }

// queueAll queues what is not known yet: first all quotes, so that each display has
// a price, then names and currencies.
func (r *run) queueAll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, symbol := range r.opts.Symbols {
		l := r.listings[symbol]
		_, outdated := l.reference.PreviousClose(time.Now())
		if outdated || l.problem != "" {
			l.asking, l.problem = true, ""
			r.calls <- call{symbol, quoteCall}
		}
	}
	for _, symbol := range r.opts.Symbols {
		if l := r.listings[symbol]; !l.profiled {
			r.calls <- call{symbol, profileCall}
		}
	}
}

// queueLocked queues a call for a quote unless one is queued or under way. It does not
// block: there is room for two calls of each symbol.
func (r *run) queueLocked(symbol string) {
	if l := r.listings[symbol]; !l.asking {
		l.asking = true
		r.calls <- call{symbol, quoteCall}
	}
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
	if c.address == quoteCall {
		err = r.askQuote(ctx, c.symbol)
	} else {
		err = r.askProfile(ctx, c.symbol)
	}
	var status *feeds.StatusError
	if errors.As(err, &status) && status.Code == http.StatusForbidden {
		if c.address == quoteCall {
			return r.giveUp(c.symbol, "your plan does not cover it")
		}
		err = nil // prices go without a name
	}
	if err == nil && c.address == profileCall {
		r.mu.Lock()
		r.listings[c.symbol].profiled = true
		r.mu.Unlock()
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
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.listings[symbol]
	l.asking = false
	l.reference.Fetched = now
	if q.Time <= 0 || !q.Current.Positive() {
		return nil
	}
	at := time.Unix(q.Time, 0)
	l.reference = market.Reference{Close: q.Current, Previous: q.Previous, At: at, Fetched: now}
	if at.After(l.shown) {
		l.shown = at
		r.prices.Put(symbol, l.item(r.env.Topic, symbol, q.Current, at, now))
	}
	return nil
}

// giveUp notes why a symbol has no quotes. When that is so of all, the feed needs
// somebody's attention.
func (r *run) giveUp(symbol, problem string) error {
	r.setProblem(symbol, problem)
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.listings[symbol]
	l.asking, l.reference.Fetched = false, time.Now() // asked again by the next run
	for _, l := range r.listings {
		if l.problem == "" {
			return nil
		}
	}
	return errNothing
}

// setProblem notes why a symbol has no prices; the log is told once.
func (r *run) setProblem(symbol, problem string) {
	r.mu.Lock()
	l := r.listings[symbol]
	told := l.told
	l.problem, l.told = problem, true
	r.mu.Unlock()
	if !told {
		r.pub.Log().Warn("symbol without prices", "symbol", symbol, "reason", problem, "hint", "look it up at https://finnhub.io/docs/api/symbol-search")
		feeds.Note(r.pub, symbol+": "+problem)
	}
}

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
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.listings[symbol]
	l.company, l.currency = p.Name, market.Currency(p.Currency)
	return nil
}

// get makes a call. The key goes into a header: addresses are shown in errors.
func (r *run) get(ctx context.Context, address, symbol string, into any) error {
	header := http.Header{"X-Finnhub-Token": {r.opts.Token}, "Cache-Control": {"no-cache"}}
	_, err := feeds.GetJSON(ctx, r.pub.HTTP(), address+"?"+url.Values{"symbol": {symbol}}.Encode(), header, into)
	return err
}
