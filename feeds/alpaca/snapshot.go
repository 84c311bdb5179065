package alpaca

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"tickertape/feeds"
	"tickertape/feeds/market"
)

const (
	retryLeast = 30 * time.Second // between two requests for snapshots
	retryMost  = 15 * time.Minute
	perRequest = 100 // symbols
)

// watchSnapshots asks for snapshots at the start and whenever trades are of a newer
// day, until ctx is done. It ends the run where the key is refused.
func (r *run) watchSnapshots(ctx context.Context) error {
	for pause := retryLeast; ctx.Err() == nil; {
		err := r.askAll(ctx)
		if err == nil {
			pause = retryLeast
			select {
			case <-ctx.Done():
			case <-r.stale:
				wait(ctx, retryLeast) // the first trades of a day come close together
			}
			continue
		}
		var status *feeds.StatusError
		switch {
		case errors.As(err, &status) && (status.Code == http.StatusUnauthorized || status.Code == http.StatusForbidden):
			return feeds.NeedsAttention(err, "check key and secret, and that your plan has feed "+r.opts.Feed)
		case errors.Is(err, errNothing):
			return err
		}
		feeds.Note(r.pub, "previous closes are missing, tried again: "+err.Error())
		asked, _ := feeds.RetryDelay(err)
		wait(ctx, min(max(asked, pause), retryMost))
		pause = min(2*pause, retryMost)
	}
	return nil
}

// wait waits for d or for ctx's end.
func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

var errNothing = feeds.NeedsAttention(errors.New("none of the symbols is known to "+source),
	"check symbols: American shares, written as AAPL or BRK.B")

// askAll asks for what is outdated, and notes the symbols that are unknown.
func (r *run) askAll(ctx context.Context) error {
	for symbols := range slices.Chunk(r.board.Outdated(time.Now()), perRequest) {
		if err := r.ask(ctx, symbols); err != nil {
			return err
		}
	}
	return nil
}

// A snapshot is what was last known of a symbol. Bars are those of days.
type snapshot struct {
	Latest struct {
		Price market.Decimal `json:"p"`
		Time  time.Time      `json:"t"`
	} `json:"latestTrade"`
	Daily    bar `json:"dailyBar"`
	Previous bar `json:"prevDailyBar"`
}

type bar struct {
	Close market.Decimal `json:"c"`
	Time  time.Time      `json:"t"` // when the day began in New York
}

func (r *run) ask(ctx context.Context, symbols []string) error {
	header := http.Header{"Apca-Api-Key-Id": {r.opts.Key}, "Apca-Api-Secret-Key": {r.opts.Secret}, "Cache-Control": {"no-cache"}}
	query := url.Values{"symbols": {strings.Join(symbols, ",")}, "feed": {r.opts.Feed}}
	var answer map[string]*snapshot
	if _, err := feeds.GetJSON(ctx, r.pub.HTTP(), snapshotURL+"?"+query.Encode(), header, &answer); err != nil {
		return err
	}
	now := time.Now()
	nothing := false
	for _, symbol := range symbols {
		s := answer[symbol]
		if s == nil {
			r.board.Refer(symbol, market.Reference{Fetched: now}, "", time.Time{})
			nothing = r.board.Problem(r.pub, symbol, "Alpaca knows no such share, or had no trade of it", "look it up at https://app.alpaca.markets")
			continue
		}
		ref := market.Reference{Close: s.Daily.Close, Previous: s.Previous.Close, At: s.Daily.Time, Fetched: now}
		r.board.Refer(symbol, ref, s.Latest.Price, s.Latest.Time)
	}
	if nothing {
		return errNothing
	}
	return nil
}
