package simulated

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"tickertape/topics"
)

// A Company is one whose share is traded.
type Company struct {
	Symbol     string  `option:"symbol" doc:"Capital letters, digits, '.' or '-', at most 16." required:"true"`
	Name       string  `option:"name" doc:"The symbol if left out."`
	Sector     string  `option:"sector" doc:"Companies of one sector move together." default:"other"`
	Currency   string  `option:"currency" doc:"ISO 4217 code." default:"USD"`
	Price      float64 `option:"price" doc:"Price of a share to begin with, 0.02 to 1000000." default:"100"`
	Volatility float64 `option:"volatility" doc:"Standard deviation of a day's change in percent, 0.1 to 20." default:"2"`
}

// invented are the companies that are traded by default. None of them exists.
var invented = []Company{
	{"ACME", "Acme Corp", "industry", "USD", 123.45, 1.9},
	{"GULT", "Gull & Tern Ferries", "transport", "GBP", 18.62, 1.5},
	{"BUTR", "Butterbun Bakeries", "food", "EUR", 41.80, 1.3},
	{"LUMO", "Lumopine Energy", "energy", "EUR", 27.35, 2.2},
	{"QUAY", "Quayside Cranes", "industry", "GBP", 64.10, 1.8},
	{"ORBQ", "Orbiquill Satellites", "technology", "USD", 211.90, 3.1},
	{"PLWK", "Plumwick Software", "technology", "USD", 348.25, 2.4},
	{"TIKT", "Tick & Tock Clockworks", "industry", "CHF", 512.00, 1.2},
	{"KELP", "Kelpwell Foods", "food", "NOK", 86.40, 1.6},
	{"YZMR", "Yuzumaru Robotics", "technology", "JPY", 4180.00, 2.7},
	{"FJLH", "Fjordlight Hydro", "energy", "NOK", 142.70, 1.4},
	{"WOLY", "Woollyhat Textiles", "consumer", "NZD", 9.84, 2.0},
	{"MPLM", "Maplemoon Syrups", "food", "CAD", 33.15, 1.7},
	{"DUNH", "Dunehopper Rail", "transport", "AUD", 22.48, 1.9},
	{"INKY", "Inkyfoot Press", "media", "GBP", 7.26, 2.3},
	{"PXPD", "Pixelpuddle Games", "media", "SEK", 158.60, 3.4},
	{"ZEPL", "Zeppelow Airships", "transport", "EUR", 12.07, 3.0},
	{"THIM", "Thimblewood Furniture", "consumer", "SEK", 74.90, 1.6},
}

// symbolsMax bounds a market.
const symbolsMax = 200

var (
	symbolForm   = regexp.MustCompile(`^[A-Z0-9][A-Z0-9.-]{0,15}$`)
	currencyForm = regexp.MustCompile(`^[A-Z]{3}$`)
)

// complete fills the defaults in and checks the rest.
func (c *Company) complete() error {
	if c.Name == "" {
		c.Name = c.Symbol
	}
	if c.Sector == "" {
		c.Sector = "other"
	}
	if c.Currency == "" {
		c.Currency = "USD"
	}
	if c.Price == 0 {
		c.Price = 100
	}
	if c.Volatility == 0 {
		c.Volatility = 2
	}
	switch {
	case !symbolForm.MatchString(c.Symbol):
		return fmt.Errorf("symbol %.40q: want up to 16 capital letters, digits, '.' or '-'", c.Symbol)
	case !currencyForm.MatchString(c.Currency):
		return fmt.Errorf("company %s: currency %.40q: want an ISO 4217 code such as EUR", c.Symbol, c.Currency)
	case !(c.Price >= 0.02 && c.Price <= 1e6): // refuses NaN as well
		return fmt.Errorf("company %s: price %v: want 0.02 to 1000000", c.Symbol, c.Price)
	case !(c.Volatility >= 0.1 && c.Volatility <= 20):
		return fmt.Errorf("company %s: volatility %v: want 0.1 to 20 percent a day", c.Symbol, c.Volatility)
	}
	return nil
}

// listed returns the companies to trade: own ones if there are any, otherwise the
// invented ones; of these, those with the wanted symbols, in that order.
func listed(own []Company, symbols []string) ([]Company, error) {
	list := slices.Clone(invented)
	if len(own) > 0 {
		list = slices.Clone(own)
	}
	var known []string
	for i := range list {
		if err := list[i].complete(); err != nil {
			return nil, err
		}
		if slices.Contains(known, list[i].Symbol) {
			return nil, fmt.Errorf("symbol %s is listed twice", list[i].Symbol)
		}
		known = append(known, list[i].Symbol)
	}
	if len(symbols) > 0 {
		var wanted []Company
		for n, symbol := range symbols {
			i := slices.Index(known, symbol)
			if i < 0 {
				return nil, unknownWord("symbol", symbol, known)
			}
			if slices.Contains(symbols[:n], symbol) {
				return nil, fmt.Errorf("symbol %s is wanted twice", symbol)
			}
			wanted = append(wanted, list[i])
		}
		list = wanted
	}
	if len(list) > symbolsMax {
		return nil, fmt.Errorf("%d companies are listed, at most %d are allowed", len(list), symbolsMax)
	}
	return list, nil
}

// unknownWord is the error of a choice that there is not.
func unknownWord(what, word string, known []string) error {
	if near := topics.Nearest(word, known); near != "" {
		return fmt.Errorf("%s %.40q is unknown, did you mean %q?", what, word, near)
	}
	return fmt.Errorf("%s %.40q is unknown; known are %s", what, word, strings.Join(known[:min(len(known), 20)], ", "))
}
