package market

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"
)

// A Quote is the data of an item on the topic stock, with the field names of the
// simulated one. What a source does not say is left out; Increase is null then.
type Quote struct {
	Symbol        string   `json:"symbol"`
	Company       string   `json:"company,omitempty"`
	Price         Decimal  `json:"price"`
	Increase      *float64 `json:"increase"`         // percent since the previous close
	Change        Decimal  `json:"change,omitempty"` // since the previous close
	Currency      string   `json:"currency,omitempty"`
	Open          Decimal  `json:"open,omitempty"`
	High          Decimal  `json:"high,omitempty"`
	Low           Decimal  `json:"low,omitempty"`
	PreviousClose Decimal  `json:"previous_close,omitempty"`
	Volume        Decimal  `json:"volume,omitempty"`
	Market        string   `json:"market,omitempty"` // "open" or "closed"
	Delay         string   `json:"delay,omitempty"`  // "IEX only": what keeps the price from being the market's
}

// Since returns q with what follows from the previous close: PreviousClose, Increase
// and Change. They are left out when it is none.
func (q Quote) Since(previous Decimal) Quote {
	if !previous.Positive() {
		previous = ""
	}
	q.PreviousClose = previous
	q.Increase = q.Price.percent(previous)
	q.Change = q.Price.minus(previous)
	return q
}

var (
	symbolForm   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.:/_^=-]{0,31}$`)
	currencyForm = regexp.MustCompile(`^[A-Z]{3}$`)
)

// CheckSymbols returns an error unless symbols are one to most well-formed ones, each
// once; plan says in the error whose limit that is.
func CheckSymbols(symbols []string, most int, plan string) error {
	if len(symbols) == 0 {
		return errors.New("symbols is empty: want at least one, as in symbols: [AAPL]")
	}
	for i, symbol := range symbols {
		if !symbolForm.MatchString(symbol) {
			return fmt.Errorf("symbol %.40q: want up to 32 letters, digits and any of .:/_^=-", symbol)
		}
		if slices.Contains(symbols[:i], symbol) {
			return fmt.Errorf("symbol %s is listed twice", symbol)
		}
	}
	if len(symbols) > most {
		return fmt.Errorf("symbols lists %d, %s allows %d", len(symbols), plan, most)
	}
	return nil
}

// Currency returns code if it is of the form of ISO 4217, "" otherwise: some sources
// say GBp where they count pence.
func Currency(code string) string {
	if currencyForm.MatchString(code) {
		return code
	}
	return ""
}

// Clamp returns t, or now if t is later: clocks differ, and nothing was printed
// before it happened.
func Clamp(t, now time.Time) time.Time {
	if t.After(now) {
		return now
	}
	return t
}

// A Reference is what a source said of a symbol's days, from which the previous close
// at a moment follows. The zero Reference says nothing.
type Reference struct {
	Close    Decimal   // last price of the day of At
	Previous Decimal   // close of the day before
	At       time.Time // when Close was
	Fetched  time.Time // when the source said so
}

// PreviousClose returns the close of the trading day before the one of t, "" if it
// does not follow from r, and whether a newer reference would help.
func (r Reference) PreviousClose(t time.Time) (previous Decimal, outdated bool) {
	day, known := tradingDay(t), tradingDay(r.At)
	switch {
	case r.Fetched.IsZero() || r.At.IsZero():
		return "", r.Fetched.IsZero()
	case day.Equal(known):
		return r.Previous, false
	case day.After(known) && !tradingDay(r.Fetched).Before(day):
		// Asked on the day itself, the source still had the day before: its last price
		// is the close.
		return r.Close, false
	}
	return "", day.After(known)
}

// tradingDay returns the day of t where American shares are traded. Its midnight,
// 04:00 UTC, is 23:00 or 00:00 in New York, when no market there is open.
func tradingDay(t time.Time) time.Time {
	return t.UTC().Add(-4 * time.Hour).Truncate(24 * time.Hour)
}
