package alpaca

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"tickertape/feeds"
	"tickertape/feeds/market"
)

const (
	source       = "Alpaca"
	pace         = time.Second // at most one price of a symbol in this time
	basicSymbols = 30          // of the plan basic
	mostSymbols  = 1000        // of any plan, so that one subscription fits a message
	testSymbol   = "FAKEPACA"
	streamURL    = "wss://stream.data.alpaca.markets/v2/" // and the feed
	snapshotURL  = "https://data.alpaca.markets/v2/stocks/snapshots"
)

// The feeds and plans of Alpaca.
const (
	iex   = "iex"
	sip   = "sip"
	test  = "test"
	basic = "basic"
	plus  = "plus"
)

// Options of a feed of kind alpaca.
type Options struct {
	Key       string            `option:"key" doc:"The API key ID of your account." required:"true" secret:"true"`
	Secret    string            `option:"secret" doc:"The API secret key that belongs to it." required:"true" secret:"true"`
	Symbols   []string          `option:"symbols" doc:"Symbols of American shares, such as AAPL or BRK.B, at most 30 with plan basic; FAKEPACA with feed test." required:"true"`
	Feed      string            `option:"feed" doc:"Which trades: those on the exchange IEX, those of all exchanges (sip, with plan plus), or invented ones round the clock (test)." default:"iex" choices:"iex,sip,test"`
	Plan      string            `option:"plan" doc:"Your market data plan: basic has IEX and 30 symbols, plus is Algo Trader Plus." default:"basic" choices:"basic,plus"`
	Companies map[string]string `option:"companies" doc:"Names to show, by symbol; Alpaca's market data has none."`
}

// Spec describes the kind. Feeds of one Spec do not use the same key and feed at the
// same time.
func Spec() feeds.Spec {
	keys := &market.Keys{}
	return feeds.Spec{
		Kind:    "alpaca",
		Summary: "Prices of trades of American shares, streamed by Alpaca; needs a free key.",
		Topics:  []string{"stock"},
		Floor:   pace,
		Options: &Options{},
		New:     func(options any, env feeds.Env) (feeds.Feed, error) { return newFeed(options, env, keys) },
		Example: `- id: shares
  kind: alpaca
  key: ${ALPACA_KEY}
  secret: ${ALPACA_SECRET}
  feed: iex
  symbols: [AAPL, MSFT, SPY]
  companies: {AAPL: Apple, MSFT: Microsoft}
`,
		Needs:    "a free key and its secret",
		Homepage: "https://alpaca.markets",
		Contact:  true,
		Use:      "personal use",
		Terms: "For personal use, not for display to others, unless your agreement with Alpaca or the exchanges says so. The plan basic has trades on " +
			"the exchange IEX alone, one connection and 30 symbols. To check: https://alpaca.markets/disclosures and https://docs.alpaca.markets/docs/about-market-data-api.",
		Attribution: source,
		Stability:   "experimental",
	}
}

// A feed streams the trades of some symbols. Run is not called twice at a time; all is
// static after construction.
type feed struct {
	opts  Options
	env   feeds.Env
	keys  *market.Keys
	board *market.Board
}

func newFeed(options any, env feeds.Env, keys *market.Keys) (feeds.Feed, error) {
	o, ok := options.(*Options)
	if !ok {
		return nil, fmt.Errorf("options are a %T", options)
	}
	opts := *o
	if err := opts.check(); err != nil {
		return nil, err
	}
	b := market.BoardOptions{
		Topic: env.Topic, Source: source, Attribution: source, Currency: "USD",
		Companies: opts.Companies, Symbols: opts.Symbols, Pace: max(pace, env.Every.Max),
	}
	switch opts.Feed {
	case iex:
		b.Source, b.Delay = source+" (IEX)", "IEX only"
	case test:
		b.Delay, b.Simulated = "test data", true
	}
	return &feed{opts: opts, env: env, keys: keys, board: market.NewBoard(b)}, nil
}

// check completes the options with their defaults and returns what is wrong.
func (o *Options) check() error {
	if o.Feed == "" {
		o.Feed = iex
	}
	if o.Plan == "" {
		o.Plan = basic
	}
	switch {
	case o.Key == "" || o.Secret == "":
		return errors.New("key or secret is empty: make both at https://app.alpaca.markets and set key: ${ALPACA_KEY}")
	case !slices.Contains([]string{iex, sip, test}, o.Feed):
		return fmt.Errorf("feed %.40q: want iex, sip or test", o.Feed)
	case !slices.Contains([]string{basic, plus}, o.Plan):
		return fmt.Errorf("plan %.40q: want basic or plus", o.Plan)
	case o.Feed == sip && o.Plan == basic:
		return errors.New("feed sip needs plan plus; plan basic has feed iex")
	case o.Feed == test && !slices.Equal(o.Symbols, []string{testSymbol}):
		return fmt.Errorf("feed test has one symbol: set symbols: [%s]", testSymbol)
	case o.Feed != test && slices.Contains(o.Symbols, testSymbol):
		return fmt.Errorf("symbol %s is of feed test alone", testSymbol)
	}
	if o.Plan == basic {
		return market.CheckSymbols(o.Symbols, basicSymbols, "plan basic")
	}
	return market.CheckSymbols(o.Symbols, mostSymbols, "one feed")
}

// Run streams until ctx is done or the session fails.
func (f *feed) Run(ctx context.Context, pub feeds.Publisher) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	// A connection is counted by key and endpoint.
	release, err := f.keys.Take(f.opts.Feed+" "+f.opts.Key, f.env.ID)
	if err != nil {
		return err
	}
	defer release()
	f.board.Begin()
	r := &run{feed: f, pub: pub, stale: make(chan struct{}, 1)}
	pub.Go(func() error { return f.board.Run(ctx, pub) })
	if f.opts.Feed != test {
		pub.Go(func() error { return r.watchSnapshots(ctx) })
	}
	src := market.Source{
		Name: source, URL: streamURL + f.opts.Feed,
		Every: f.env.Every, Alive: func() { f.board.Alive(pub) },
	}
	for {
		err := market.Use(ctx, pub, src, r.talk)
		if !errors.Is(err, market.ErrQuiet) {
			return err
		}
		pub.Log().Debug("session renewed", "reason", err)
	}
}
