package eventsource

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"tickertape/feeds"
	"tickertape/topics"
)

// A pair is a topic of the source and where it is printed here.
type pair struct {
	there, here string
	sameKey     bool // the same field is the key, or none is
	typed       bool // the topic here has a schema, and so takes JSON alone
	keyless     bool // events of the topic here are known by their ids alone
}

// sourceTopic is what GET /topics says of a topic.
type sourceTopic struct {
	Name    string
	Mode    topics.Mode
	Key     string
	Public  bool
	Retired bool
}

// askPairs asks the source for its topics and returns those to relay, by name there.
// What does not fit is reported to people; it is an error if nothing is left.
func (r *relay) askPairs(ctx context.Context, pub feeds.Publisher) (map[string]*pair, error) {
	header := r.tape.faceHeader(faceJSON)
	header.Set("Cache-Control", "no-cache")
	var answer struct{ Topics []sourceTopic }
	if _, err := feeds.GetJSON(ctx, pub.HTTP(), r.tape.Server.JoinPath("topics").String(), header, &answer); err != nil {
		return nil, fmt.Errorf("ask the source for its topics: %w", err)
	}
	pairs := make(map[string]*pair)
	var odd []string // sentences for people
	known := make(map[string]bool)
	for _, t := range answer.Topics {
		known[t.Name] = true
		here := r.nameHere(t)
		if here == "" || t.Retired {
			continue
		}
		p, oddity := r.pairOf(t, here)
		if oddity != "" {
			odd = append(odd, oddity)
		}
		if p != nil {
			pairs[t.Name] = p
		}
	}
	for _, there := range slices.Sorted(maps.Keys(r.topics)) {
		if !known[there] {
			odd = append(odd, fmt.Sprintf("the source has no topic %s", there))
		}
	}
	r.report(pub, strings.Join(odd, "; "))
	if len(pairs) == 0 {
		return nil, feeds.NeedsAttention(fmt.Errorf("no topic of the source can be relayed: %s", strings.Join(odd, "; ")),
			"add the topics here, or name in the option topics what to relay")
	}
	return pairs, nil
}

// nameHere returns the name here of a topic there; "" if it is not to be relayed.
func (r *relay) nameHere(t sourceTopic) string {
	if len(r.topics) > 0 {
		return r.topics[t.Name]
	}
	if t.Public && t.Name != feeds.StatusTopic {
		return t.Name
	}
	return ""
}

// pairOf returns nil for a topic that is not here, and what people should know.
func (r *relay) pairOf(t sourceTopic, here string) (p *pair, oddity string) {
	p = &pair{there: t.Name, here: here, sameKey: true, keyless: t.Key == "" && t.Mode == topics.Every}
	if r.catalogue == nil {
		return p, ""
	}
	own, err := r.catalogue.Lookup(here)
	if err != nil || own.Retired {
		return nil, fmt.Sprintf("topic %s of the source is not here", t.Name)
	}
	p.typed = len(own.Schema) > 0
	p.keyless = own.Key == "" && own.Mode == topics.Every
	p.sameKey = own.Key == "" || own.Key == t.Key
	if own.Key != t.Key || own.Mode != t.Mode {
		oddity = fmt.Sprintf("topic %s is %s of key %q there, and %s is %s of key %q here", t.Name, t.Mode, t.Key, here, own.Mode, own.Key)
	}
	return p, oddity
}

// word is the pair in a scope, which is stored with each event: short.
func (p *pair) word() string {
	if p.here == p.there {
		return p.there
	}
	return p.there + ">" + p.here
}

// maxScope bounds the bytes of a scope, so that a position stays within its bound.
const maxScope = 800

// scopeOf names the pairs in a position: what was relayed up to there. Of very many it
// is a hash, which only tells whether they are the same.
func scopeOf(pairs map[string]*pair) string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(pairs)) {
		words = append(words, pairs[name].word())
	}
	scope := strings.Join(words, ",")
	if len(scope) <= maxScope {
		return scope
	}
	sum := sha256.Sum256([]byte(scope))
	return "#" + hex.EncodeToString(sum[:8])
}

// addedTo returns the pairs that a scope does not name.
func addedTo(scope string, pairs map[string]*pair) map[string]*pair {
	named := make(map[string]bool)
	for word := range strings.SplitSeq(scope, ",") {
		named[word] = true
	}
	added := make(map[string]*pair)
	for name, p := range pairs {
		if !named[p.word()] {
			added[name] = p
		}
	}
	return added
}

// filterOf is the query that asks for the pairs.
func filterOf(pairs map[string]*pair) string {
	return strings.Join(slices.Sorted(maps.Keys(pairs)), ",")
}
