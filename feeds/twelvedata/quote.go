package twelvedata

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tickertape/feeds"
	"tickertape/feeds/market"
)

// A quote is the answer for one symbol, or the error in its place.
type quote struct {
	failure
	Name      string         `json:"name"`
	Currency  string         `json:"currency"`
	Timestamp int64          `json:"timestamp"`
	QuotedAt  int64          `json:"last_quote_at"`
	Open      market.Decimal `json:"open"`
	High      market.Decimal `json:"high"`
	Low       market.Decimal `json:"low"`
	Close     market.Decimal `json:"close"`
	Volume    market.Decimal `json:"volume"`
	Previous  market.Decimal `json:"previous_close"`
	IsOpen    *bool          `json:"is_market_open"`
}

// A failure is what stands in place of an answer or of a quote, often under status 200.
type failure struct {
	Status  string `json:"status"`
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (f failure) failed() bool { return f.Status == "error" }

// poll asks once and prints what changed.
func (f *feed) poll(ctx context.Context, pub feeds.Publisher) error {
	quotes, err := f.ask(ctx, pub.HTTP())
	if err != nil {
		return err
	}
	var items []feeds.Item
	var problems []string
	open := 0
	now := time.Now()
	for _, symbol := range f.opts.Symbols {
		q, ok := quotes[symbol]
		if problem := q.problem(ok); problem != "" {
			problems = append(problems, symbol+": "+problem)
			f.complain(pub, symbol, problem)
			continue
		}
		if q.IsOpen != nil && *q.IsOpen {
			open++
		}
		if m := q.mark(); f.printed[symbol] != m {
			f.printed[symbol] = m
			items = append(items, q.item(f.env.Topic, symbol, now))
		}
	}
	if len(problems) == len(f.opts.Symbols) {
		return feeds.NeedsAttention(fmt.Errorf("%s has quotes of none of the symbols: %s", source, problems[0]),
			"check symbols with the search at https://twelvedata.com, and that your plan covers their exchanges")
	}
	if err := pub.Publish(ctx, items...); err != nil && !errors.Is(err, feeds.ErrItem) {
		clear(f.printed) // some of them may not be stored
		return err
	}
	detail := fmt.Sprintf("market open for %d of %d symbols", open, len(f.opts.Symbols))
	if open == 0 {
		detail = "market closed"
	}
	pub.OK(strings.Join(append([]string{detail}, problems...), "; "))
	return nil
}

// complain tells the log of a symbol's problem, once.
func (f *feed) complain(pub feeds.Publisher, symbol, problem string) {
	if !f.told[symbol] {
		f.told[symbol] = true
		pub.Log().Warn("symbol without quotes", "symbol", symbol, "reason", problem)
	}
}

// ask makes one request for all symbols.
func (f *feed) ask(ctx context.Context, c *http.Client) (map[string]quote, error) {
	header := http.Header{"Authorization": {"apikey " + f.opts.Key}, "Cache-Control": {"no-cache"}}
	address := quoteURL + "?" + url.Values{"symbol": {strings.Join(f.opts.Symbols, ",")}}.Encode()
	d, err := feeds.Get(ctx, c, address, header)
	if err != nil {
		return nil, refined(err, time.Now())
	}
	var whole failure
	if err := json.Unmarshal(d.Body, &whole); err != nil {
		return nil, d.Misfit("JSON of a quote", err)
	}
	if whole.failed() {
		return nil, whole.err(time.Now())
	}
	quotes := make(map[string]quote)
	if len(f.opts.Symbols) > 1 {
		err = json.Unmarshal(d.Body, &quotes)
	} else {
		var q quote
		err = json.Unmarshal(d.Body, &q)
		quotes[f.opts.Symbols[0]] = q
	}
	if err != nil {
		return nil, d.Misfit("JSON of quotes", err)
	}
	return quotes, nil
}

// refined adds what to do to the error of a status.
func refined(err error, now time.Time) error {
	var status *feeds.StatusError
	if !errors.As(err, &status) {
		return err
	}
	var f failure
	if json.Unmarshal([]byte(status.Body), &f) != nil || f.Code == 0 {
		f = failure{Code: status.Code, Message: status.Body}
	}
	if f.Code == http.StatusUnauthorized || f.Code == http.StatusForbidden || f.Code == http.StatusTooManyRequests {
		return f.err(now)
	}
	return err
}

// err says what a failure asks for.
func (f failure) err(now time.Time) error {
	err := fmt.Errorf("%s: error %d: %.300s", source, f.Code, f.Message)
	switch f.Code {
	case http.StatusUnauthorized:
		return feeds.NeedsAttention(err, "check key: Twelve Data takes it for none of its own")
	case http.StatusForbidden:
		return feeds.NeedsAttention(err, "your plan does not cover what was asked for")
	case http.StatusBadRequest, http.StatusNotFound:
		return feeds.NeedsAttention(err, "check symbols with the search at https://twelvedata.com")
	case http.StatusTooManyRequests:
		if strings.Contains(f.Message, "for the day") {
			return feeds.RetryAfter(now.UTC().Truncate(day).Add(day+time.Minute).Sub(now), err) // credits are renewed at midnight UTC
		}
		return feeds.RetryAfter(time.Minute+time.Second, err)
	}
	return err
}

// problem says why there is no quote in the answer; "" if there is one.
func (q quote) problem(found bool) string {
	switch {
	case !found:
		return "the answer has nothing on it"
	case q.failed() && q.Code == http.StatusForbidden:
		return "your plan does not cover it"
	case q.failed():
		return fmt.Sprintf("error %d: %.100s", q.Code, q.Message)
	case !q.Close.Positive():
		return "the answer has no price of it"
	}
	return ""
}

func (q quote) mark() mark { return mark{price: q.Close, time: q.seconds(), state: q.state()} }

// seconds returns when the price was, in seconds since 1970; 0 if the answer does not
// say. The timestamp of a quote is that of the day's bar where last_quote_at is there.
func (q quote) seconds() int64 {
	if q.QuotedAt > 0 {
		return q.QuotedAt
	}
	return max(q.Timestamp, 0)
}

func (q quote) state() string {
	switch {
	case q.IsOpen == nil:
		return ""
	case *q.IsOpen:
		return "open"
	}
	return "closed"
}

func (q quote) item(topic, symbol string, now time.Time) feeds.Item {
	it := feeds.Item{Topic: topic, Source: source, Attribution: source}
	if s := q.seconds(); s > 0 {
		it.Time = market.Clamp(time.Unix(s, 0), now)
	}
	it.Data = market.Quote{
		Symbol: symbol, Company: q.Name, Price: q.Close, Currency: market.Currency(q.Currency),
		Open: q.Open, High: q.High, Low: q.Low, Volume: q.Volume, Market: q.state(),
	}.Since(q.Previous)
	return it
}
