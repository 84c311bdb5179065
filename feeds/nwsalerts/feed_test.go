package nwsalerts

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tickertape/feeds"
	"tickertape/feeds/feedtest"
)

// message makes an alert that is in force for a day; earlier are the messages before it.
func message(id, severity string, sent time.Duration, earlier ...string) alert {
	at := feedtest.Recorded.Add(sent)
	a := alert{
		ID: id, Severity: severity, MessageType: "Alert", Status: "Actual", Headline: "Headline of " + id,
		Sent: instant{at}, Expires: instant{feedtest.Recorded.Add(24 * time.Hour)},
	}
	for i, id := range earlier {
		a.MessageType = "Update"
		a.References = append(a.References, reference{ID: id, Sent: instant{at.Add(time.Duration(i-len(earlier)) * time.Minute)}})
	}
	return a
}

// answer is a list of alerts as the API has it.
func answer(t *testing.T, list ...alert) feedtest.Answer {
	t.Helper()
	features := []map[string]any{}
	for _, a := range list {
		features = append(features, map[string]any{"type": "Feature", "geometry": nil, "properties": a})
	}
	body, err := json.Marshal(map[string]any{"type": "FeatureCollection", "features": features})
	if err != nil {
		t.Fatal(err)
	}
	return feedtest.Answer{Body: string(body)}
}

// run collects for a while what a feed does: "+KEY TITLE" for an item, "-KEY" for a
// retraction; first all items, then all retractions.
func run(t *testing.T, source *feedtest.Source, o *Options, most int, d time.Duration) (events []string, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(feedtest.Recorded))
		spec := Spec()
		env := spec.Complete(feeds.Env{ID: "test", Seed: 1, Max: most})
		made, failure := New(o, env)
		if failure != nil {
			t.Fatal(failure)
		}
		rec := feedtest.NewRecorder(t, spec, env)
		rec.SetHTTP(source.Client(spec, env))
		ctx, cancel := context.WithTimeout(context.Background(), d)
		defer cancel()
		_, err = rec.Collect(ctx, made, 1000)
		for _, it := range rec.Items() {
			events = append(events, "+"+it.ID+" "+it.Data.(data).AlertID)
		}
		for _, r := range rec.Retractions() {
			events = append(events, "-"+r.Key)
		}
	})
	return events, err
}

func want(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestChains(t *testing.T) {
	a, b := message("a", "Severe", -4*time.Hour), message("b", "Severe", -3*time.Hour, "a")
	c := message("c", "Severe", -2*time.Hour, "b") // says nothing of a
	cancel := message("x", "Severe", -time.Hour, "b")
	cancel.MessageType = "Cancel"
	for _, tt := range []struct {
		name string
		then []feedtest.Answer
		want []string
	}{
		{"the key stays, also where a message names only the one before", []feedtest.Answer{answer(t, a), answer(t, b), answer(t, c)}, []string{"+a a", "+a b", "+a c"}},
		{"after a restart the first of the chain is the key again", []feedtest.Answer{answer(t, b)}, []string{"+a b"}},
		{"what is replaced and still listed is left out", []feedtest.Answer{answer(t, a, b), answer(t, b, a)}, []string{"+a b"}},
		{"what is cancelled and still listed is withdrawn", []feedtest.Answer{answer(t, b), answer(t, b, cancel)}, []string{"+a b", "-a"}},
		{"two warnings become one", []feedtest.Answer{answer(t, a, message("p", "Severe", -4*time.Hour)), answer(t, message("m", "Severe", 0, "a", "p"))}, []string{"+a a", "+p p", "+p m", "-a"}},
		{"it comes again", []feedtest.Answer{answer(t, a), answer(t), answer(t, a)}, []string{"+a a", "+a a", "-a"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := run(t, feedtest.NewSource(tt.then...), ohio(), 0, time.Hour)
			if err != nil {
				t.Error(err)
			}
			want(t, got, tt.want...)
		})
	}
}

// Points and zones overlap: an alert in both stands once, and stays while it is in one.
func TestOverlappingListsPrintOnce(t *testing.T) {
	a := message("a", "Severe", -time.Hour)
	o := &Options{Zones: []string{"OHZ055"}, Areas: []string{"OH"}}
	source := feedtest.NewSource().On("area=", answer(t, a), answer(t)).On("zone=", answer(t, a), answer(t, a), answer(t))
	got, err := run(t, source, o, 0, 15*time.Minute)
	if err != nil {
		t.Error(err)
	}
	want(t, got, "+a a", "-a")
}

// What was printed stays when the source fails: a list that did not come is not empty.
func TestFailureWithdrawsNothing(t *testing.T) {
	a := message("a", "Severe", -time.Hour)
	for name, bad := range map[string]feedtest.Answer{
		"status": {Status: 503}, "another document": {Body: `{"title":"Unexpected Problem","status":500}`},
		"null": {Body: `{"features":null}`}, "page": {Body: "<html>"}, "nothing": {}, "cut": {Body: `{"features":[`, Cut: true},
	} {
		got, err := run(t, feedtest.NewSource(answer(t, a), bad), ohio(), 0, time.Hour)
		if err == nil || strings.Contains(err.Error(), "panic") {
			t.Errorf("%s: %v; want an error", name, err)
		}
		want(t, got, "+a a")
	}
}

// A list that is not modified still ends what is over.
func TestNotModified(t *testing.T) {
	a, b := message("a", "Severe", -time.Hour), message("b", "Minor", -time.Hour)
	a.Ends = instant{feedtest.Recorded.Add(30 * time.Minute)}
	first := answer(t, a, b)
	first.Header = map[string]string{"ETag": `"1"`}
	got, err := run(t, feedtest.NewSource(first), ohio(), 0, time.Hour)
	if err != nil {
		t.Error(err)
	}
	want(t, got, "+a a", "+b b", "-a")
}

func TestSeverityChooses(t *testing.T) {
	list := answer(t, message("minor", "Minor", -5*time.Hour), message("extreme", "Extreme", -4*time.Hour),
		message("old", "Severe", -3*time.Hour), message("new", "Severe", -2*time.Hour), message("unknown", "Unknown", -time.Hour), message("odd", "Dreadful", 0))
	for _, tt := range []struct {
		least string
		most  int
		want  []string
	}{
		{"", 0, []string{"minor", "extreme", "old", "new", "unknown", "odd"}},
		{"minor", 0, []string{"minor", "extreme", "old", "new"}},
		{"severe", 0, []string{"extreme", "old", "new"}},
		{"extreme", 0, []string{"extreme"}},
		{"", 2, []string{"extreme", "new"}},
		{"", 4, []string{"minor", "extreme", "old", "new"}},
	} {
		got, err := run(t, feedtest.NewSource(list), &Options{Zones: []string{"OHZ055"}, MinSeverity: tt.least}, tt.most, time.Minute)
		if err != nil {
			t.Error(err)
		}
		var ids []string
		for _, id := range tt.want {
			ids = append(ids, fmt.Sprintf("+%s %s", id, id))
		}
		want(t, got, ids...)
	}
}

// A worse warning takes the place of the least one, which is withdrawn.
func TestWorseTakesThePlaceOfTheLeast(t *testing.T) {
	minor, extreme := message("minor", "Minor", -5*time.Hour), message("extreme", "Extreme", -4*time.Hour)
	got, err := run(t, feedtest.NewSource(answer(t, minor), answer(t, minor, extreme)), ohio(), 1, time.Hour)
	if err != nil {
		t.Error(err)
	}
	want(t, got, "+minor minor", "+extreme extreme", "-minor")
}

func TestTestsAreLeftOut(t *testing.T) {
	a, b := message("a", "Extreme", -time.Hour), message("b", "Severe", -time.Hour)
	a.Status = "Exercise"
	for tests, expected := range map[bool][]string{false: {"+b b"}, true: {"+a a", "+b b"}} {
		got, err := run(t, feedtest.NewSource(answer(t, a, b)), &Options{Zones: []string{"OHZ055"}, Tests: tests}, 0, time.Minute)
		if err != nil {
			t.Error(err)
		}
		want(t, got, expected...)
	}
	if it := a.item("a", "", feedtest.Recorded); it.Title != "Exercise: Headline of a" {
		t.Errorf("an exercise is called %q", it.Title)
	}
}

func TestExpiresIsWhenTheWeatherIsOver(t *testing.T) {
	now := feedtest.Recorded
	for _, tt := range []struct{ expires, ends, want time.Duration }{
		{5 * time.Hour, 12 * time.Hour, 12 * time.Hour}, // the message is to be renewed, the storm goes on
		{5 * time.Hour, 2 * time.Hour, 2 * time.Hour},
		{5 * time.Hour, 0, 5 * time.Hour},
		{0, 0, 0},
	} {
		a := message("a", "Severe", 0)
		a.Expires, a.Ends = instant{}, instant{}
		if tt.expires > 0 {
			a.Expires = instant{now.Add(tt.expires)}
		}
		if tt.ends > 0 {
			a.Ends = instant{now.Add(tt.ends)}
		}
		it := a.item("a", "", now)
		d := it.Data.(data)
		if tt.want == 0 && it.Expires.IsZero() {
			continue
		}
		if !it.Expires.Equal(now.Add(tt.want)) || !d.MessageExpires.Equal(a.Expires.Time) || !d.Ends.Equal(a.Ends.Time) {
			t.Errorf("expires %s, ends %s: %s", tt.expires, tt.ends, it.Expires)
		}
	}
}

// Text in a wrong charset, or with what no tape takes, costs the letters and not the warning.
func TestBrokenTextIsPrinted(t *testing.T) {
	a := message("a", "Severe", -time.Hour)
	a.Headline, a.Area, a.Web, a.Language = "Storm at La Ca@ada", "x\x00y", "http://", "en\x00"
	broken := answer(t, a)
	broken.Body = strings.Replace(broken.Body, "@", "\xf1", 1)
	got, err := run(t, feedtest.NewSource(broken), ohio(), 0, time.Minute)
	if err != nil {
		t.Error(err)
	}
	want(t, got, "+a a")
}

func TestClip(t *testing.T) {
	for in, out := range map[string]string{
		"":                      "",
		" a\nb \n\n\n\n c ":     "a b\nc",
		"a\x00\u0085b\tc":       "a b c",
		strings.Repeat("ø", 20): "øøøø…",
		"0123456789":            "012345678…",
	} {
		if got := clip(in, 9); got != out {
			t.Errorf("clip(%q) = %q; want %q", in, got, out)
		}
	}
}

func FuzzAlerts(f *testing.F) {
	f.Add([]byte(`{"features":[{"properties":{"id":"a","sent":"2026-11-20T03:58:00-05:00","ends":5,"messageType":"Update","references":[{}]}},{},null]}`))
	f.Add([]byte(`{"features":[{"properties":{"id":"a","messageType":"Alert","headline":"\u0000","severity":"SEVERE","parameters":{"expiredReferences":["a,b","a,b,c d"]}}}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var doc document
		if json.Unmarshal(body, &doc) != nil || doc.Features == nil {
			return
		}
		var list []alert
		for _, feature := range *doc.Features {
			list = append(list, feature.Properties)
		}
		fd := &feed{tests: true, most: 5, printed: map[string]string{"a": "b"}}
		keys := make(map[string]bool)
		for _, k := range fd.choose(fd.keyed(fd.inForce(list, feedtest.Recorded))) {
			if k.key == "" || keys[k.key] {
				t.Fatalf("key %q is empty or stands twice", k.key)
			}
			keys[k.key] = true
			it := k.item("key", "", feedtest.Recorded)
			_, err := it.Encode(feedtest.Recorded)
			if clean := clip(k.ID, 100) == k.ID; clean && err != nil || it.Time.After(feedtest.Recorded) {
				t.Fatalf("an item that cannot be printed: %v, of %s", err, it.Time)
			}
		}
	})
}
