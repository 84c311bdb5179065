package simulated

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// How prices move. A day has 24 hours: this exchange never closes, it only
// starts a new day at midnight UTC.
const (
	day = 24 * time.Hour

	// The variance of a day's change has these parts; together they are 1.
	marketPart  = 0.14
	sectorPart  = 0.11
	ownPart     = 0.30
	sectorJumps = 0.18
	ownJumps    = 0.27

	sectorJumpsADay = 1.2
	ownJumpsADay    = 1.5

	calmMemory  = 3 * time.Hour    // after which a nervous spell has mostly passed
	calmSpread  = 0.35             // deviation of the logarithm of nervousness
	worthMemory = 30 * day         // after which a price has mostly come back to where it began
	gapSize     = 0.3              // of a day's deviation, over night
	priceMin    = 2                // cents
	priceMax    = 1_000_000_000_00 // cents
	stepMax     = time.Hour        // a longer pause of the machine moves prices no further
	openingStep = 64               // steps in which the day before the start is made up
	openingTime = 9 * time.Minute  // of each; fixed, so that a seed gives the same prices at any hour
	mateOdds    = 8                // one update in so many shows several shares of a sector
	matesMax    = 4
	bounce      = 0.0002 // deviation of a single deal from the price at large
	minuteTrade = 900.0  // shares of an ordinary company in an ordinary minute
	dayMinutes  = 24 * 60
	moveTrade   = 0.4 // of a day's trade that moves of the price draw
)

// A share is one company on the market. Prices are in cents of its currency.
type share struct {
	Company
	deviation float64 // of the logarithm of the price, in a day
	worth     float64 // logarithm of the price to come back to, in cents
	price     float64 // logarithm of the price, in cents
	nerves    drift   // logarithm of how nervous trade is, in calmSpread

	open, high, low, close int64 // today's; close is the price now
	previous               int64 // close of the day before
	volume                 float64
	urgent                 bool // has jumped, and was not shown since
}

// A market is the state of all prices. One goroutine owns it.
type market struct {
	rand    *rand.Rand
	shares  []*share
	sectors []string // sorted
	nerves  drift    // of the market as a whole
	today   time.Time
	round   []int // shares still to be shown in this round
}

// newMarket opens a market that has traded for some hours of the day that now is in.
func newMarket(r *rand.Rand, companies []Company, volatility float64, now time.Time) *market {
	m := &market{rand: r, today: midnight(now)}
	m.nerves.settle(r)
	for _, c := range companies {
		s := &share{Company: c, deviation: volatility * c.Volatility / 100, worth: math.Log(c.Price * 100)}
		s.price = s.worth
		s.nerves.settle(r)
		m.shares = append(m.shares, s)
		m.sectors = append(m.sectors, c.Sector)
		s.settle()
	}
	slices.Sort(m.sectors)
	m.sectors = slices.Compact(m.sectors)
	m.startDay(m.today)
	for range openingStep {
		m.advance(openingTime)
	}
	for _, s := range m.shares {
		s.urgent = false // all are shown at the start
	}
	return m
}

func midnight(t time.Time) time.Time { return t.UTC().Truncate(day) }

// startDay closes the day before and opens the next one with a gap.
func (m *market) startDay(today time.Time) {
	m.today = today
	common := m.rand.NormFloat64()
	for _, s := range m.shares {
		s.previous = s.close
		own := m.rand.NormFloat64()
		s.price += gapSize * s.deviation * (0.5*common + 0.87*own)
		s.settle()
		s.open, s.high, s.low, s.volume = s.close, s.close, s.close, 0
	}
}

// settle rounds the price to cents and keeps the day's bounds.
func (s *share) settle() { s.deal(0) }

// deal makes a deal that is off the price by a part of it.
func (s *share) deal(off float64) {
	s.price = min(max(s.price, math.Log(priceMin)), math.Log(priceMax))
	s.close = max(priceMin, int64(math.Round(math.Exp(s.price+off))))
	s.high, s.low = max(s.high, s.close), min(s.low, s.close)
}

// advance moves all prices on by dt, at most stepMax. What jumps is shown next.
func (m *market) advance(dt time.Duration) {
	dt = min(max(dt, 0), stepMax)
	days := dt.Seconds() / day.Seconds()
	m.nerves.step(m.rand, dt, calmMemory)
	root := math.Sqrt(days) * nervous(m.nerves)
	common := m.rand.NormFloat64() * math.Sqrt(marketPart)
	sector := make([]float64, len(m.sectors))
	jumped := make([]float64, len(m.sectors))
	for i := range sector {
		sector[i] = m.rand.NormFloat64() * math.Sqrt(sectorPart)
		jumped[i] = jump(m.rand, days, sectorJumpsADay, sectorJumps)
	}
	for _, s := range m.shares {
		s.nerves.step(m.rand, dt, calmMemory)
		i, _ := slices.BinarySearch(m.sectors, s.Sector)
		leap := jumped[i] + jump(m.rand, days, ownJumpsADay, ownJumps)
		move := common + sector[i] + m.rand.NormFloat64()*math.Sqrt(ownPart)
		move = s.deviation * (move*root*nervous(s.nerves) + leap)
		s.urgent = s.urgent || leap != 0
		s.trade(m.rand, days, move)
		s.price += move + (s.worth-s.price)*days*day.Seconds()/worthMemory.Seconds()
		s.settle()
	}
}

// nervous returns the factor by which moves are larger; its square is 1 on average.
func nervous(d drift) float64 { return math.Exp(calmSpread*d.at - calmSpread*calmSpread) }

// jump returns 0, or rarely a sudden move in days' deviations; jumps happen so
// often a day and make up that part of its variance.
func jump(r *rand.Rand, days, often, part float64) float64 {
	if r.Float64() >= often*days {
		return 0
	}
	return r.NormFloat64() * math.Sqrt(part/often)
}

// trade adds what was dealt in while the price moved; a move draws traders.
func (s *share) trade(r *rand.Rand, days, move float64) {
	activity := math.Exp(0.5*r.NormFloat64() + calmSpread*s.nerves.at)
	ordinary := dayMinutes * minuteTrade * (0.2 + 100/max(s.Price, 1))
	surprise := move / s.deviation
	s.volume += ordinary * (days*activity + moveTrade*surprise*surprise)
}

// stir picks what the next update shows, and makes deals in it: what has jumped;
// otherwise the next share of this round, now and then with others of its sector.
func (m *market) stir() []*share {
	var shown []*share
	for _, s := range m.shares {
		if s.urgent && len(shown) < matesMax {
			shown = append(shown, s)
		}
	}
	if len(shown) == 0 {
		if len(m.round) == 0 {
			m.round = m.rand.Perm(len(m.shares))
		}
		shown = append(shown, m.shares[m.round[0]])
		m.round = m.round[1:]
		if m.rand.IntN(mateOdds) == 0 {
			shown = m.withMates(shown)
		}
	}
	for _, s := range shown {
		s.urgent = false
		s.deal(bounce * m.rand.NormFloat64())
	}
	return shown
}

// withMates adds up to matesMax-1 shares of the sector of the first.
func (m *market) withMates(shown []*share) []*share {
	first := shown[0]
	for _, i := range m.rand.Perm(len(m.shares)) {
		if s := m.shares[i]; s != first && s.Sector == first.Sector && len(shown) < matesMax {
			shown = append(shown, s)
		}
	}
	return shown
}

// A quote is the data of an item of the kind simulated_stock.
type quote struct {
	Symbol        string  `json:"symbol"`
	Company       string  `json:"company"`
	Price         string  `json:"price"`
	Increase      float64 `json:"increase"` // percent since the previous close
	Change        string  `json:"change"`   // since the previous close
	Currency      string  `json:"currency"` // ISO 4217
	Open          string  `json:"open"`
	High          string  `json:"high"`
	Low           string  `json:"low"`
	PreviousClose string  `json:"previous_close"`
	Volume        int64   `json:"volume"` // shares, today
	Market        string  `json:"market"` // "open"
}

func (s *share) quote() quote {
	change := s.close - s.previous
	return quote{
		Symbol:        s.Symbol,
		Company:       s.Name,
		Price:         cents(s.close),
		Increase:      round(100*float64(change)/float64(s.previous), 2),
		Change:        cents(change),
		Currency:      s.Currency,
		Open:          cents(s.open),
		High:          cents(s.high),
		Low:           cents(s.low),
		PreviousClose: cents(s.previous),
		Volume:        int64(s.volume),
		Market:        "open",
	}
}

// cents writes an amount as a decimal with two digits.
func cents(n int64) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	return fmt.Sprintf("%s%d.%02d", sign, n/100, n%100)
}
