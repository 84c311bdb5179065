package nwsalerts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"tickertape/feeds"
)

// A feed is owned by the goroutine in Run; what it printed stays known when Run is
// called again.
type feed struct {
	env   feeds.Env
	tests bool
	least int // the least severity, an index of severities
	most  int // alerts at a time
	lists []*list

	// The key under which an alert stands, by the alert's id, or by recalled and the key for one
	// that was printed before a restart; at most as many as most, and those.
	printed map[string]string
	started bool // what was printed before a restart is in it
}

// recalled begins what stands for the id of an alert that was printed before a restart.
const recalled = "recalled "

// A list is one request, and what it was last answered.
type list struct {
	address string
	known   bool // alerts is what the source last said
	whole   bool // it is to be fetched whatever is known of it
	alerts  []alert
}

// Run asks for the alerts in force at the feed's interval, prints those that are new and
// withdraws those that are over. After a failure it does neither: that no list came does
// not say that nothing is in force.
func (f *feed) Run(ctx context.Context, pub feeds.Publisher) error {
	if !f.started {
		for _, key := range kept(pub) {
			f.printed[recalled+key] = key
		}
		f.started = true
	}
	for {
		all, known, err := f.fetch(ctx, pub.HTTP())
		switch {
		case err != nil:
			return fmt.Errorf("fetch: %w", err)
		case !known:
			pub.OK("nothing new since the restart")
		default:
			if err := f.update(ctx, pub, all); err != nil {
				return err
			}
		}
		if err := feeds.Pause(ctx, pub, feeds.Interval{}); err != nil {
			return err
		}
	}
}

// fetch returns the messages of all lists, unless one of them is not known.
func (f *feed) fetch(ctx context.Context, c *http.Client) (all []alert, known bool, err error) {
	known = true
	for _, l := range f.lists {
		if err := l.fetch(ctx, c); err != nil {
			return nil, false, err
		}
		all, known = append(all, l.alerts...), known && l.known
	}
	return all, known, nil
}

// fetch asks for the list; it stays as it is if there is no newer one.
func (l *list) fetch(ctx context.Context, c *http.Client) error {
	header := http.Header{"Accept": {"application/geo+json"}}
	if l.whole {
		header.Set("Cache-Control", "no-cache")
	}
	var doc document
	d, err := feeds.GetJSON(ctx, c, l.address, header, &doc)
	switch {
	case errors.Is(err, feeds.ErrNotModified) && !l.whole:
		// After a restart the list is not at hand; what is in it was printed.
		l.whole = !l.known
		return nil
	case err != nil:
		return err
	case doc.Features == nil:
		return d.Misfit("list of alerts", nil)
	}
	l.known, l.whole, l.alerts = true, false, nil
	for _, feature := range *doc.Features {
		l.alerts = append(l.alerts, feature.Properties)
	}
	return nil
}

// update prints what is in force and new, the oldest first, and withdraws what was
// printed and is in force no more.
func (f *feed) update(ctx context.Context, pub feeds.Publisher, all []alert) error {
	now := time.Now()
	current := f.choose(f.keyed(f.inForce(all, now)))
	var items []feeds.Item
	for _, k := range current {
		if f.printed[k.ID] != k.key {
			items = append(items, k.item(k.key, f.env.Topic, now))
		}
	}
	if len(items) > 0 {
		if err := pub.Publish(ctx, items...); err != nil && !errors.Is(err, feeds.ErrItem) {
			return err
		}
	}
	valid, standing := make(map[string]bool), make(map[string]bool)
	for _, k := range current {
		f.printed[k.ID] = k.key
		valid[k.ID], standing[k.key] = true, true
	}
	for _, id := range slices.Sorted(maps.Keys(f.printed)) {
		if valid[id] {
			continue
		}
		if key := f.printed[id]; !standing[key] {
			if err := pub.Retract(ctx, f.env.Topic, key); err != nil {
				return err
			}
		}
		delete(f.printed, id)
	}
	slices.SortStableFunc(current, func(a, b keyed) int { return cmp.Compare(b.severity(), a.severity()) })
	var keys []string
	for _, k := range current {
		keys = append(keys, k.key)
	}
	keep(pub, keys)
	pub.OK(fmt.Sprintf("alerts in force: %d", len(current)))
	return nil
}

// inForce returns the messages that stand for something now, each once, the oldest
// first. The service goes on listing some that a newer one has replaced or cancelled.
func (f *feed) inForce(all []alert, now time.Time) []alert {
	replaced := make(map[string]bool)
	for _, a := range all {
		if a.MessageType == "Update" || a.MessageType == "Cancel" {
			for _, r := range a.earlier() {
				replaced[r.ID] = true
			}
		}
	}
	var list []alert
	for _, a := range all {
		over := a.over()
		switch {
		case a.ID == "" || replaced[a.ID]:
		case a.MessageType != "Alert" && a.MessageType != "Update":
		case !f.tests && !a.actual():
		case a.severity() < f.least:
		case !over.IsZero() && !over.After(now):
		default:
			replaced[a.ID] = true // points and zones overlap
			list = append(list, a)
		}
	}
	slices.SortFunc(list, func(a, b alert) int {
		return cmp.Or(a.Sent.Compare(b.Sent.Time), cmp.Compare(a.ID, b.ID))
	})
	return list
}

// A keyed alert stands under the key of its chain.
type keyed struct {
	alert
	key string
}

// keyed gives each alert its key: the one that it, or a message before it, was printed
// under; otherwise the id of the first message of its chain, which is the same after a
// restart. Where a message was split into several, one of them inherits its key.
func (f *feed) keyed(list []alert) []keyed {
	result := make([]keyed, len(list))
	taken := make(map[string]bool)
	for i, a := range list { // those that have theirs keep it
		result[i].alert = a
		if key := f.printed[a.ID]; key != "" {
			result[i].key, taken[key] = key, true
		}
	}
	for i, a := range list {
		if result[i].key != "" {
			continue
		}
		key := a.ID
		earlier := a.earlier()
		if len(earlier) > 0 && !taken[earlier[0].ID] {
			key = earlier[0].ID
		}
		for _, r := range slices.Backward(earlier) {
			if known := f.printed[r.ID]; known != "" && !taken[known] {
				key = known
				break
			}
		}
		result[i].key, taken[key] = key, true
	}
	return result
}

// choose returns the most severe, and of those the newest, the oldest first.
func (f *feed) choose(list []keyed) []keyed {
	slices.SortStableFunc(list, func(a, b keyed) int {
		return cmp.Or(cmp.Compare(b.severity(), a.severity()), b.Sent.Compare(a.Sent.Time), cmp.Compare(a.ID, b.ID))
	})
	list = list[:min(len(list), f.most)]
	slices.SortStableFunc(list, func(a, b keyed) int {
		return cmp.Or(a.Sent.Compare(b.Sent.Time), cmp.Compare(a.ID, b.ID))
	})
	return list
}
