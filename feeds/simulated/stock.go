package simulated

import (
	"context"
	"fmt"
	"time"

	"tickertape/feeds"
)

// StockOptions are the options of the kind simulated_stock.
type StockOptions struct {
	Symbols    []string  `option:"symbols" doc:"Only these symbols. All companies if left out."`
	Currency   string    `option:"currency" doc:"ISO 4217 code for every price; each company has its own if left out."`
	Volatility float64   `option:"volatility" doc:"How lively prices are, 0.1 to 10 times the ordinary." default:"1"`
	Companies  []Company `option:"companies" doc:"Companies to trade in place of the eighteen built-in ones, at most 200."`
}

// Stock describes the kind simulated_stock: prices of companies that do not exist.
func Stock() feeds.Spec {
	return feeds.Spec{
		Kind:      "simulated_stock",
		Summary:   "Invented share prices that follow a random walk with shared moves of market and sector.",
		Topics:    []string{"stock"},
		Default:   feeds.Interval{Min: 300 * time.Millisecond, Max: 2 * time.Second},
		Floor:     20 * time.Millisecond,
		Options:   &StockOptions{},
		New:       newStock,
		Example:   "- id: shares\n  kind: simulated_stock\n  every: 300ms-2s\n  symbols: [ACME, GULT, ZEPL]\n",
		Simulated: true,
		Stability: "stable",
	}
}

// A stockFeed is owned by the goroutine in Run. The market stays with it when
// Run is called again.
type stockFeed struct {
	env        feeds.Env
	every      feeds.Interval
	companies  []Company
	volatility float64
	market     *market // nil before the first Run
}

func newStock(options any, env feeds.Env) (feeds.Feed, error) {
	spec := Stock()
	o, err := decoded[StockOptions](spec.Kind, options)
	if err != nil {
		return nil, err
	}
	list, err := listed(o.Companies, o.Symbols)
	if err != nil {
		return nil, err
	}
	if o.Currency != "" {
		if !currencyForm.MatchString(o.Currency) {
			return nil, fmt.Errorf("currency %.40q: want an ISO 4217 code such as EUR", o.Currency)
		}
		for i := range list {
			list[i].Currency = o.Currency
		}
	}
	if o.Volatility == 0 {
		o.Volatility = 1
	}
	if !(o.Volatility >= 0.1 && o.Volatility <= 10) { // refuses NaN as well
		return nil, fmt.Errorf("volatility %v: want 0.1 to 10", o.Volatility)
	}
	return &stockFeed{env: env, every: pace(env, spec), companies: list, volatility: o.Volatility}, nil
}

func (f *stockFeed) Run(ctx context.Context, pub feeds.Publisher) error {
	if f.market == nil {
		f.market = newMarket(chance(f.env, "simulated_stock"), f.companies, f.volatility, time.Now())
	}
	shown := f.market.shares // all at the start, so that no display is blank
	for {
		if err := pub.Publish(ctx, f.items(shown)...); err != nil {
			return err
		}
		wait := f.every.Draw(f.market.rand)
		if err := pause(ctx, pub, wait); err != nil {
			return err
		}
		shown = f.next(wait, time.Now())
	}
}

// next moves the market on and returns what to show: all shares on a new day.
// Prices move by the time that was to be waited, not by the time that passed, so
// that a seed gives the same prices however busy the machine is.
func (f *stockFeed) next(waited time.Duration, now time.Time) []*share {
	f.market.advance(waited)
	if today := midnight(now); today.After(f.market.today) {
		f.market.startDay(today)
		return f.market.shares
	}
	return f.market.stir()
}

func (f *stockFeed) items(shown []*share) []feeds.Item {
	now := stamp()
	items := make([]feeds.Item, len(shown))
	for i, s := range shown {
		items[i] = feeds.Item{Topic: f.env.Topic, Time: now, Simulated: true, Data: s.quote()}
	}
	return items
}
