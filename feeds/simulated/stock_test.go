package simulated

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"tickertape/feeds"
	"tickertape/feeds/feedtest"
)

func quotes(t *testing.T, list [][]byte) []quote {
	t.Helper()
	out := make([]quote, len(list))
	for i, text := range list {
		if err := json.Unmarshal(text, &out[i]); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

var decimal = regexp.MustCompile(`^\d+\.\d\d$`)

func amount(t *testing.T, text string) float64 {
	t.Helper()
	if !decimal.MatchString(text) {
		t.Fatalf("amount %q, want a decimal with two digits", text)
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestQuotesAreConsistent(t *testing.T) {
	volume := map[string]int64{}
	for i, q := range quotes(t, lines(t, Stock(), nil, 11, 12*time.Hour, 800)) {
		price, open, high, low, previous := amount(t, q.Price), amount(t, q.Open), amount(t, q.High), amount(t, q.Low), amount(t, q.PreviousClose)
		if price <= 0.01 || low > min(price, open) || high < max(price, open) {
			t.Fatalf("quote %d: price and open outside of low and high: %+v", i, q)
		}
		change, err := strconv.ParseFloat(q.Change, 64)
		if err != nil || math.Abs(change-(price-previous)) > 0.0051 {
			t.Fatalf("quote %d: change %s, want %v", i, q.Change, price-previous)
		}
		if want := round(100*(price-previous)/previous, 2); math.Abs(q.Increase-want) > 0.011 {
			t.Fatalf("quote %d: increase %v, want %v", i, q.Increase, want)
		}
		if q.Volume < volume[q.Symbol] {
			t.Fatalf("quote %d: volume fell from %d", i, volume[q.Symbol])
		}
		volume[q.Symbol] = q.Volume
		if !currencyForm.MatchString(q.Currency) || q.Market != "open" {
			t.Fatalf("quote %d: %+v", i, q)
		}
	}
	if len(volume) != len(invented) {
		t.Errorf("%d symbols are shown, want %d", len(volume), len(invented))
	}
}

func TestQuoteFieldsStandInOrder(t *testing.T) {
	text := lines(t, Stock(), nil, 1, 0, 1)[0]
	last := -1
	for _, name := range []string{
		"symbol", "company", "price", "increase", "change", "currency", "open", "high", "low", "previous_close",
		"volume", "market", "time", "simulated",
	} {
		at := bytes.Index(text, []byte(`"`+name+`":`))
		if at <= last {
			t.Errorf("%s stands at %d of %s, want it after %d", name, at, text, last)
		}
		last = at
	}
}

func TestAllSharesAreShownAtTheStart(t *testing.T) {
	var symbols []string
	for _, q := range quotes(t, lines(t, Stock(), nil, 4, 0, 18))[:18] {
		symbols = append(symbols, q.Symbol)
	}
	slices.Sort(symbols)
	if symbols = slices.Compact(symbols); len(symbols) != 18 {
		t.Errorf("%d symbols in the first 18 quotes, want 18", len(symbols))
	}
}

func TestDayStartsAtMidnight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(23*time.Hour + 58*time.Minute)
		env := Stock().Complete(feeds.Env{Seed: 2})
		feed, err := newStock(nil, env)
		if err != nil {
			t.Fatal(err)
		}
		r := feedtest.NewRecorder(t, Stock(), env)
		if _, err := r.Collect(t.Context(), feed, 400); err != nil {
			t.Fatal(err)
		}
		before, after := map[string]quote{}, map[string]quote{}
		today := midnight(time.Now())
		for i, q := range quotes(t, r.Lines()) {
			at := r.Items()[i].Time
			if at.Before(today) {
				before[q.Symbol] = q
			} else if _, seen := after[q.Symbol]; !seen {
				after[q.Symbol] = q
				if at.Sub(today) > 2*time.Second {
					t.Errorf("%s is shown %v after midnight, want it at once", q.Symbol, at.Sub(today))
				}
			}
		}
		if len(after) != len(invented) || len(before) != len(invented) {
			t.Fatalf("%d symbols before and %d after midnight, want %d", len(before), len(after), len(invented))
		}
		gaps := 0
		for symbol, q := range after {
			last, previous := amount(t, before[symbol].Price), amount(t, q.PreviousClose)
			if math.Abs(last/previous-1) > 0.01 {
				t.Errorf("%s: previous close %v, want the last price of the day before, %v", symbol, previous, last)
			}
			if q.Open != q.Price || q.High != q.Price || q.Low != q.Price || q.Volume != 0 {
				t.Errorf("%s: the day does not begin with its first price: %+v", symbol, q)
			}
			if q.Open != q.PreviousClose {
				gaps++
			}
		}
		if gaps < 10 {
			t.Errorf("%d of %d shares open with a gap", gaps, len(after))
		}
	})
}

// A year of days: changes are as large as promised, and shared.
func TestMovesAreAsLargeAsPromised(t *testing.T) {
	companies := []Company{
		{"A", "A", "one", "USD", 100, 2}, {"B", "B", "one", "USD", 100, 2}, {"C", "C", "two", "USD", 100, 2},
		{"D", "D", "low", "USD", 0.02, 20},
	}
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	m := newMarket(rand.New(rand.NewPCG(1, 2)), companies, 1, start)
	const days = 800
	moves := make([][]float64, len(companies))
	for d := range days {
		for range 96 {
			m.advance(15 * time.Minute)
		}
		for i, s := range m.shares {
			if s.close < priceMin || s.low < priceMin {
				t.Fatalf("%s costs %d cents", s.Symbol, s.close)
			}
			moves[i] = append(moves[i], math.Log(float64(s.close)/float64(s.open)))
		}
		m.startDay(start.Add(time.Duration(d+1) * day))
	}
	if got := math.Sqrt(product(moves[0], moves[0])); got < 0.016 || got > 0.025 {
		t.Errorf("a day's change has the deviation %.4f, want about 0.02", got)
	}
	same, other := correlation(moves[0], moves[1]), correlation(moves[0], moves[2])
	if other < 0.05 || same < other+0.1 || same > 0.7 {
		t.Errorf("shares of one sector move together by %.2f, of two by %.2f; want the first clearly larger and both above 0", same, other)
	}
	if price := float64(m.shares[0].close) / 100; price < 20 || price > 500 {
		t.Errorf("after %d days a share that began at 100 costs %v", days, price)
	}
}

func product(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum / float64(len(a))
}

func correlation(a, b []float64) float64 {
	return product(a, b) / math.Sqrt(product(a, a)*product(b, b))
}

func TestJumpsAreShownAtOnce(t *testing.T) {
	list, err := listed(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	m := newMarket(rand.New(rand.NewPCG(1, 2)), list, 1, time.Now())
	m.shares[7].urgent = true
	if shown := m.stir(); len(shown) != 1 || shown[0] != m.shares[7] || m.shares[7].urgent {
		t.Errorf("%d shares are shown, want the one that jumped, once", len(shown))
	}
	together := 0
	for range 2000 {
		shown := m.stir()
		for _, s := range shown {
			if s.Sector != shown[0].Sector {
				t.Fatalf("%s and %s are shown together, want one sector", s.Symbol, shown[0].Symbol)
			}
		}
		if len(shown) > 1 {
			together++
		}
	}
	if together < 100 || together > 500 {
		t.Errorf("%d of 2,000 updates show several shares", together)
	}
}

func TestStockOptions(t *testing.T) {
	o := &StockOptions{
		Companies: []Company{{Symbol: "PIE", Price: 3}, {Symbol: "TEA"}, {Symbol: "JAM"}},
		Symbols:   []string{"TEA", "PIE"}, Currency: "SEK",
	}
	for _, q := range quotes(t, lines(t, Stock(), o, 1, 0, 50)) {
		if q.Symbol != "PIE" && q.Symbol != "TEA" || q.Currency != "SEK" || q.Company != q.Symbol {
			t.Fatalf("%+v is shown, want PIE and TEA in SEK", q)
		}
	}
	if invented[0].Currency != "USD" {
		t.Error("an option has changed the built-in list")
	}
}
