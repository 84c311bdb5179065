package market

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"tickertape/feeds"
)

// BoardOptions say what a [Board] puts into each item.
type BoardOptions struct {
	Topic       string // "" for the feed's
	Source      string
	Attribution string
	Delay       string            // see [Quote]
	Currency    string            // of every price, unless described otherwise
	Companies   map[string]string // by symbol; unless described otherwise
	Simulated   bool              // the source invents the prices
	Symbols     []string
	Pace        time.Duration // see [Conflator]
}

// A Board is what a feed that streams trades knows of its symbols, over all its runs. It
// hands on each price that is newer than the last, with the change since the previous
// close. Methods may be called from any goroutine; those with a symbol that is not the
// board's do nothing.
type Board struct {
	opts   BoardOptions
	prices *Conflator

	mu       sync.Mutex // guards the fields below
	listings map[string]*listing
	trades   int  // since the last sign of life
	flowing  bool // trades came before the last sign of life
}

// A listing is what is known of one symbol.
type listing struct {
	company, currency string
	reference         Reference
	problem           string    // why there are no prices of it; "" if there may be
	told              bool      // the log knows of a problem
	shown             time.Time // of the newest price that was handed on
}

// NewBoard returns a board that knows nothing but the options.
func NewBoard(o BoardOptions) *Board {
	b := &Board{opts: o, prices: NewConflator(o.Pace, o.Symbols), listings: make(map[string]*listing, len(o.Symbols))}
	for _, symbol := range o.Symbols {
		b.listings[symbol] = &listing{company: o.Companies[symbol], currency: o.Currency}
	}
	return b
}

// Run publishes what is handed on, as [Conflator.Run] does.
func (b *Board) Run(ctx context.Context, pub feeds.Publisher) error { return b.prices.Run(ctx, pub) }

// Trade hands on the price of a trade and reports whether a newer reference is needed
// for its change.
func (b *Board) Trade(symbol string, price Decimal, at time.Time) (outdated bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.listings[symbol]
	if l == nil || !price.Positive() || at.Unix() <= 0 {
		return false
	}
	b.trades++
	l.problem = "" // it has prices, whatever was said before
	b.showLocked(symbol, price, at)
	_, outdated = l.reference.PreviousClose(at)
	return outdated
}

// Refer sets the reference of a symbol, and hands on a price of the same answer if
// there is one.
func (b *Board) Refer(symbol string, r Reference, price Decimal, at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if l := b.listings[symbol]; l != nil {
		l.reference = r
		if price.Positive() && at.Unix() > 0 {
			b.showLocked(symbol, price, at)
		}
	}
}

// Describe sets the company and the currency of a symbol; "" leaves what is known.
func (b *Board) Describe(symbol, company, currency string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if l := b.listings[symbol]; l != nil {
		if company != "" {
			l.company = company
		}
		if currency = Currency(currency); currency != "" {
			l.currency = currency
		}
	}
}

// Begin begins a run: what was wrong with symbols may have been mended.
func (b *Board) Begin() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, l := range b.listings {
		if l.problem != "" {
			l.problem, l.reference = "", Reference{}
		}
	}
	b.trades, b.flowing = 0, false
}

// Outdated returns the symbols that need a newer reference for a trade of now.
func (b *Board) Outdated(now time.Time) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(b.opts.Symbols), func(symbol string) bool {
		_, outdated := b.listings[symbol].reference.PreviousClose(now)
		return !outdated
	})
}

// Problem notes why a symbol has no prices, which people see until it has some, and
// reports whether that is so of all symbols now. The log is told once a symbol.
func (b *Board) Problem(pub feeds.Publisher, symbol, problem, hint string) (all bool) {
	b.mu.Lock()
	l := b.listings[symbol]
	if l == nil {
		b.mu.Unlock()
		return false
	}
	told := l.told
	l.problem, l.told = problem, true
	all = true
	for _, l := range b.listings {
		all = all && l.problem != ""
	}
	b.mu.Unlock()
	if !told {
		pub.Log().Warn("symbol without prices", "symbol", symbol, "reason", problem, "hint", hint)
		feeds.Note(pub, symbol+": "+problem)
	}
	return all
}

// Alive tells people how it stands, after a sign of life of the source: that trades
// come, that none do, and what is wrong with which symbol.
func (b *Board) Alive(pub feeds.Publisher) {
	b.mu.Lock()
	trades, flowing := b.trades, b.flowing
	b.trades, b.flowing = 0, trades > 0
	detail := "market closed or no trades"
	if trades > 0 {
		detail = fmt.Sprintf("trades of %d symbols", len(b.opts.Symbols))
	}
	for _, symbol := range b.opts.Symbols {
		if problem := b.listings[symbol].problem; problem != "" {
			detail += "; " + symbol + ": " + problem
		}
	}
	b.mu.Unlock()
	if trades == 0 || !flowing { // prices are signs of life themselves
		pub.OK(detail)
	}
}

// showLocked hands a price on unless a newer one was.
func (b *Board) showLocked(symbol string, price Decimal, at time.Time) {
	l := b.listings[symbol]
	if at.Before(l.shown) {
		return
	}
	l.shown = at
	previous, _ := l.reference.PreviousClose(at)
	q := Quote{Symbol: symbol, Company: l.company, Price: price, Currency: l.currency, Delay: b.opts.Delay}
	b.prices.Put(symbol, feeds.Item{
		Topic: b.opts.Topic, Time: Clamp(at, time.Now()), Source: b.opts.Source, Attribution: b.opts.Attribution,
		Simulated: b.opts.Simulated, Data: q.Since(previous),
	})
}
