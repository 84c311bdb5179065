package twelvedata

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tickertape/feeds"
	"tickertape/feeds/market"
)

const (
	source     = "Twelve Data"
	maxSymbols = 120 // that one request may have
	quoteURL   = "https://api.twelvedata.com/quote"
	day        = 24 * time.Hour
)

// Options of a feed of kind twelve_data.
type Options struct {
	Key     string   `option:"key" doc:"The API key of your account." required:"true" secret:"true"`
	Symbols []string `option:"symbols" doc:"Symbols as Twelve Data writes them: AAPL, with an exchange SAP:XETR, pairs as EUR/USD or BTC/USD; each costs a credit a request." required:"true"`
	Minute  int      `option:"credits_per_minute" doc:"Credits a minute that your plan has." default:"8" min:"1" max:"100000"`
	Day     int      `option:"credits_per_day" doc:"Credits a day that your plan has; 0 where it has no such limit." default:"800" min:"0" max:"100000000"`
}

// Spec describes the kind. Its default interval keeps the free plan's budget with as
// many symbols as that plan allows in one request.
func Spec() feeds.Spec {
	return feeds.Spec{
		Kind:    "twelve_data",
		Summary: "Quotes of shares, currencies and coins from Twelve Data, within the credits of your plan; needs a free key.",
		Topics:  []string{"stock"},
		Default: feeds.Interval{Min: 15 * time.Minute, Max: 15 * time.Minute},
		Floor:   5 * time.Second,
		Options: &Options{},
		New:     newFeed,
		Example: `- id: quotes
  kind: twelve_data
  key: ${TWELVE_DATA_KEY}
  symbols: [AAPL, MSFT, EUR/USD]
`,
		Needs:    "a free key",
		Homepage: "https://twelvedata.com",
		Contact:  true,
		Use:      "personal use",
		Terms: "Basic and individual plans are for personal use, not for display to others; 8 credits a minute and 800 a day, " +
			"one for each symbol and request. To check: https://twelvedata.com/terms and https://twelvedata.com/pricing.",
		Attribution: source,
		Stability:   "experimental",
	}
}

// A feed asks for all of its symbols at each interval. What it remembers is owned by
// the goroutine in Run.
type feed struct {
	opts Options
	env  feeds.Env

	printed map[string]mark // by symbol: what was printed last
	told    map[string]bool // symbols whose problem the log knows of
}

// A mark is what tells a quote from the one before.
type mark struct {
	price market.Decimal
	time  int64
	state string
}

func newFeed(options any, env feeds.Env) (feeds.Feed, error) {
	o, ok := options.(*Options)
	if !ok {
		return nil, fmt.Errorf("options are a %T", options)
	}
	if o.Key == "" {
		return nil, errors.New("key is empty: make one at https://twelvedata.com and set key: ${TWELVE_DATA_KEY}")
	}
	if err := market.CheckSymbols(o.Symbols, maxSymbols, "one request"); err != nil {
		return nil, err
	}
	if err := o.checkBudget(env.Every); err != nil {
		return nil, err
	}
	return &feed{opts: *o, env: env, printed: make(map[string]mark), told: make(map[string]bool)}, nil
}

// checkBudget returns an error unless the plan has the credits for a request at each
// interval.
func (o *Options) checkBudget(every feeds.Interval) error {
	n := len(o.Symbols)
	if o.Minute > 0 && n > o.Minute {
		return fmt.Errorf("a request for %d symbols costs %d credits, and the plan has %d a minute (credits_per_minute): list at most %d symbols",
			n, n, o.Minute, o.Minute)
	}
	for _, limit := range []struct {
		credits int
		period  time.Duration
		option  string
	}{{o.Day, day, "credits_per_day"}, {o.Minute, time.Minute, "credits_per_minute"}} {
		if limit.credits <= 0 {
			continue
		}
		least := ceilSeconds(limit.period*time.Duration(n), limit.credits)
		if every.Max > 0 && every.Min < least {
			return fmt.Errorf("every: %s is too often: %d credits (%s) last for a request for %d symbols each %s; set every: %s or longer, or list fewer symbols",
				every, limit.credits, limit.option, n, least, least)
		}
	}
	return nil
}

// ceilSeconds returns d/n, rounded up to a whole second: a person is to write it.
func ceilSeconds(d time.Duration, n int) time.Duration {
	unit := time.Duration(n) * time.Second
	return (d + unit - 1) / unit * time.Second
}

// Run asks at once and then at each interval, until ctx is done or a request fails.
func (f *feed) Run(ctx context.Context, pub feeds.Publisher) error {
	for {
		if err := f.poll(ctx, pub); err != nil {
			return err
		}
		if err := feeds.Pause(ctx, pub, feeds.Interval{}); err != nil {
			return err
		}
	}
}
