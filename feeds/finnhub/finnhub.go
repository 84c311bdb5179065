package finnhub

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"golang.org/x/time/rate"

	"tickertape/feeds"
	"tickertape/feeds/market"
)

const (
	source      = "Finnhub"
	attribution = "Finnhub"
	maxSymbols  = 50                      // that a free key may subscribe to
	callGap     = 1100 * time.Millisecond // between REST calls: 60 a minute are allowed
	callBurst   = 5                       // together with the gap, never more than 60 a minute
	pace        = time.Second             // at most one price of a symbol in this time
	streamURL   = "wss://ws.finnhub.io"   // the key is its query
	quoteURL    = "https://finnhub.io/api/v1/quote"
	profileURL  = "https://finnhub.io/api/v1/stock/profile2"
)

// Options of a feed of kind finnhub.
type Options struct {
	Token   string   `option:"token" doc:"The API key of your account." required:"true" secret:"true"`
	Symbols []string `option:"symbols" doc:"Symbols as Finnhub writes them: American shares as AAPL, others with their exchange, as BINANCE:BTCUSDT or OANDA:EUR_USD; at most 50." required:"true"`
}

// Spec describes the kind. Feeds of one Spec do not use the same key at the same time.
func Spec() feeds.Spec {
	keys := &market.Keys{}
	return feeds.Spec{
		Kind:    "finnhub",
		Summary: "Prices of trades, streamed by Finnhub; needs a free key.",
		Topics:  []string{"stock"},
		Floor:   pace,
		Options: &Options{},
		New:     func(options any, env feeds.Env) (feeds.Feed, error) { return newFeed(options, env, keys) },
		Example: `- id: prices
  kind: finnhub
  token: ${FINNHUB_TOKEN}
  symbols: [AAPL, MSFT, BINANCE:BTCUSDT]
`,
		Needs:    "a free key",
		Homepage: "https://finnhub.io",
		Contact:  true,
		Use:      "personal use",
		Terms: "Free keys are for personal use, not for display to others: show these prices on a wall that others see only if your plan allows it. One connection and 50 symbols a key, " +
			"60 REST calls a minute. To check: https://finnhub.io/terms-of-service and https://finnhub.io/pricing.",
		Attribution: attribution,
		Stability:   "experimental",
	}
}

// A feed streams the trades of some symbols. Run is not called twice at a time.
type feed struct {
	// Static after construction.
	opts  Options
	env   feeds.Env
	keys  *market.Keys
	limit *rate.Limiter // of REST calls, over all runs
	board *market.Board

	profiled map[string]bool // symbols whose company is known; owned by lookUp and, before it runs, Run
}

func newFeed(options any, env feeds.Env, keys *market.Keys) (feeds.Feed, error) {
	o, ok := options.(*Options)
	if !ok {
		return nil, fmt.Errorf("options are a %T", options)
	}
	if o.Token == "" {
		return nil, errors.New("token is empty: make a key at https://finnhub.io and set token: ${FINNHUB_TOKEN}")
	}
	if err := market.CheckSymbols(o.Symbols, maxSymbols, "a free key"); err != nil {
		return nil, err
	}
	return &feed{
		opts: *o, env: env, keys: keys, limit: rate.NewLimiter(rate.Every(callGap), callBurst),
		board: market.NewBoard(market.BoardOptions{
			Topic: env.Topic, Source: source, Attribution: attribution, Symbols: o.Symbols, Pace: max(pace, env.Every.Max),
		}),
		profiled: make(map[string]bool),
	}, nil
}

// Run streams until ctx is done or the session fails.
func (f *feed) Run(ctx context.Context, pub feeds.Publisher) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	release, err := f.keys.Take(f.opts.Token, f.env.ID)
	if err != nil {
		return err
	}
	defer release()
	r := &run{feed: f, pub: pub, calls: make(chan call, 2*len(f.opts.Symbols)), asking: make(map[string]bool)}
	f.board.Begin()
	r.queueAll()
	pub.Go(func() error { return f.board.Run(ctx, pub) })
	pub.Go(func() error { return r.lookUp(ctx) })
	src := market.Source{
		Name: source, URL: streamURL + "?" + url.Values{"token": {f.opts.Token}}.Encode(),
		Every: f.env.Every, Alive: func() { f.board.Alive(pub) },
	}
	for {
		err := market.Use(ctx, pub, src, r.talk)
		if !errors.Is(err, market.ErrQuiet) {
			return refined(err)
		}
		pub.Log().Debug("session renewed", "reason", err)
	}
}

// refined adds what to do about refusals.
func refined(err error) error {
	var status *feeds.StatusError
	if !errors.As(err, &status) {
		return err
	}
	switch status.Code {
	case 401, 403:
		return feeds.NeedsAttention(err, "check the token: Finnhub takes it for none of its keys (a sandbox key will not do)")
	case 429:
		after, _ := feeds.RetryDelay(err)
		return feeds.RetryAfter(max(after, time.Minute), fmt.Errorf("%w; another program may use the same key", err))
	}
	return err
}
