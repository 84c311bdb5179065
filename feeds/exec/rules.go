package exec

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tickertape/feeds"
)

// A Verdict says how a rule is kept.
type Verdict string

// The verdicts of a [Finding].
const (
	Kept   Verdict = "ok"
	Broken Verdict = "FAIL"
	Noted  Verdict = "note" // not a mistake, and worth knowing
)

// A Finding says how a program keeps one rule.
type Finding struct {
	Rule   string
	State  Verdict
	Detail string // what was seen; "" where the rule is kept
	Remedy string // what to do
}

const ruleStarts = "it starts"

// A verdict is made of two visits.
type verdict struct {
	*feed
	opts          *VerifyOptions
	first, second *visit
	list          []Finding
}

func (v *verdict) findings(ctx context.Context) []Finding {
	v.add(ruleStarts, nil, "")
	v.speech()
	v.form()
	v.items(ctx)
	v.ids()
	v.end()
	return v.list
}

// add notes a rule, as broken if there are details.
func (v *verdict) add(rule string, details []string, remedy string) {
	f := Finding{Rule: rule, State: Kept}
	if len(details) > 0 {
		f.State, f.Remedy = Broken, remedy
		f.Detail = strings.Join(details[:min(len(details), 3)], "\n")
		if more := len(details) - 3; more > 0 {
			f.Detail += fmt.Sprintf("\nand %d more", more)
		}
	}
	v.list = append(v.list, f)
}

func (v *verdict) note(rule, detail, remedy string) {
	v.list = append(v.list, Finding{rule, Noted, detail, remedy})
}

// speech checks that the program says anything, and when.
func (v *verdict) speech() {
	const rule, flushed = "it says something", "it flushes each line"
	if v.first.total == 0 {
		detail := fmt.Sprintf("nothing came in %s; %s", v.opts.Wait, v.first)
		if v.first.log != "" {
			detail += "; its log ends:\n" + v.first.log
		}
		v.add(rule, []string{detail}, `print an item, or {"type":"ok"} where there is none, and flush after each line, since a pipe is not a terminal: python3 -u, print(..., flush=True); a longer --wait gives it more time`)
		return
	}
	v.add(rule, nil, "")
	if v.opts.Options.Mode == once {
		return
	}
	var held []string
	if v.first.lines[0].phase >= inputOver {
		held = []string{"the first line came when it was told to end"}
	}
	v.add(flushed, held, "flush after each line, since a pipe is not a terminal: python3 -u, print(..., flush=True), stdbuf -oL")
}

// form checks what each line is.
func (v *verdict) form() {
	var junk, long, hello, asks []string
	for _, l := range v.all() {
		switch {
		case errors.Is(l.err, errLong):
			long = append(long, fmt.Sprintf("line %d begins %.60s", l.number, l.text))
		case l.err != nil:
			junk = append(junk, fmt.Sprintf("line %d: %.120s (%v)", l.number, l.text, l.err))
		case l.message.Type == "hello" && l.number > 1:
			hello = append(hello, fmt.Sprintf("line %d is a hello", l.number))
		case l.message.Type == "hello" && l.message.V != 1:
			hello = append(hello, fmt.Sprintf("line %d: v is %d, this is version 1", l.number, l.message.V))
		case l.message.Type == "hello":
			if err := v.foreign(l.message.Topics); err != nil {
				hint, _ := feeds.Hint(err)
				hello = append(hello, fmt.Sprintf("%v: %s", err, hint))
			}
		case l.message.Type == "error":
			asks = append(asks, fmt.Sprintf("line %d: %s", l.number, cmp.Or(l.message.Message, "an error without a message")))
		}
	}
	v.add("each line is a JSON object of the protocol", junk, "print nothing else on standard output: what is for people goes to standard error")
	v.add(fmt.Sprintf("a line has at most %d KiB", maxLine>>10), long, "print less, or an address where the rest can be found")
	v.add("hello comes first, with version 1 and topics that are configured", hello, `begin with {"type":"hello","v":1,"topics":[...]}, or leave it out; --topic says what is configured`)
	if v.first.total >= maxSeen {
		v.note("it prints at a moderate pace", fmt.Sprintf("%d lines in a few seconds", v.first.total), "a feed is read at 2,000 lines a second at most, and its pipe slows it down beyond; print what has changed")
	}
	if len(asks) > 0 {
		v.note("it reports errors", strings.Join(asks[:min(len(asks), 3)], "\n"), "mend what they say, then verify again")
	}
}

// all returns the lines of both visits, those of the second only if they are wrong.
func (v *verdict) all() []seenLine {
	list := slices.Clone(v.first.lines)
	for _, l := range v.second.lines {
		if l.err != nil && len(v.first.lines) == 0 {
			list = append(list, l)
		}
	}
	return list
}

// printed returns the items of a visit.
func (v *verdict) printed(from *visit) (list []feeds.Item, numbers []int) {
	for _, l := range from.lines {
		if l.err == nil && (l.message.Type == "item" || l.message.Type == "") {
			list, numbers = append(list, l.message.item(v.keyIsID)), append(numbers, l.number)
		}
	}
	return list, numbers
}

// items checks the items by the rules that a server has.
func (v *verdict) items(ctx context.Context) {
	var refused, topics, future []string
	list, numbers := v.printed(v.first)
	for i, it := range list {
		it.Topic = cmp.Or(it.Topic, v.env.Topic)
		if v.foreign([]string{it.Topic}) != nil {
			topics = append(topics, fmt.Sprintf("line %d: topic %q", numbers[i], it.Topic))
			continue
		}
		if it.Time.After(time.Now().Add(time.Minute)) {
			future = append(future, fmt.Sprintf("line %d: %s", numbers[i], it.Time.Format(time.RFC3339)))
		}
		data, err := it.Encode(time.Now())
		if err == nil && v.opts.Accept != nil {
			err = v.opts.Accept(ctx, it.Topic, data)
		}
		if err != nil {
			refused = append(refused, fmt.Sprintf("line %d: %v", numbers[i], err))
		}
	}
	v.add("items are as their topic wants them", refused, "mend the item, or key and schema of the topic in the configuration; docs/feeds/exec.md has the common fields")
	v.add("items are for topics that are configured", topics, "leave topic out, or configure it: --topic, or topic: and topics: in the file")
	v.add("no item is from the future", future, "time is when it happened, as RFC 3339 in UTC; for a forecast use fields of your own")
	if len(list) == 0 {
		v.note("it prints items", "there was none in this run", "run it again when its source has something")
	}
}

// ids compares what was printed with the same content in both runs.
func (v *verdict) ids() {
	const rule = "an item keeps its id over restarts"
	before := make(map[string]string)
	first, _ := v.printed(v.first)
	for _, it := range first {
		before[content(it)] = it.ID
	}
	var changed []string
	compared := 0
	second, _ := v.printed(v.second)
	for _, it := range second {
		id, again := before[content(it)]
		if !again {
			continue
		}
		if compared++; id != it.ID {
			changed = append(changed, fmt.Sprintf("%q was %.60q, then %.60q", cmp.Or(it.Title, "an item without a title"), id, it.ID))
		}
	}
	if compared == 0 && len(first) > 0 {
		v.note(rule, "the two runs had no item in common, so there was nothing to compare", "take the id from the source: never a counter or the time of printing")
		return
	}
	v.add(rule, changed, "take the id from the source: never a counter or the time of printing; or leave it out, and the item gets a hash of itself")
}

// content is all of an item but its id and its times.
func content(it feeds.Item) string {
	data := map[string]json.RawMessage{}
	if raw, ok := it.Data.(json.RawMessage); ok {
		_ = json.Unmarshal(raw, &data) // an object, as parse has seen
	}
	delete(data, "id")
	text, _ := json.Marshal(data) // of valid JSON
	return fmt.Sprintf("%q %q %q %s", it.Topic, it.Title, it.URL, text)
}

// end checks how the program lives on and ends.
func (v *verdict) end() {
	const alive, stops = "it runs until it is told to end", "it ends when it is told to"
	f := v.first
	if v.opts.Options.Mode == once {
		switch {
		case f.ended > asked:
			v.add("it ends by itself in mode once", []string{fmt.Sprintf("it was still running after %s", v.opts.Wait)}, "exit when all is printed, or use mode stream")
		default:
			v.add("it ends by itself in mode once", failure(f), remedyOf(f))
		}
		return
	}
	switch {
	case f.byItself && f.exit == 0:
		v.note(alive, "it ended by itself, with status 0: it is done, and run again only where the entry has every", "use mode: once with every, or wait for input after each poll")
		return
	case f.byItself:
		v.add(alive, failure(f), remedyOf(f))
		return
	}
	v.add(alive, nil, "")
	if !slices.ContainsFunc(f.lines, func(l seenLine) bool { return l.phase == asked }) {
		v.note(`it answers "poll now"`, "an empty line on its input had no answer", `where the entry has every, read a line after each poll and poll again; {"type":"ok"} is an answer`)
	} else {
		v.add(`it answers "poll now"`, nil, "")
	}
	switch f.ended {
	case killed:
		v.add(stops, []string{fmt.Sprintf("it had to be killed, %s after SIGTERM", v.opts.Grace)}, "end at the end of standard input, or on SIGTERM; do not ignore both")
	case told:
		v.note(stops, "it did not end with its input, but on SIGTERM", "that is fine; a program that reads its input to the end can finish what it is at")
	default:
		v.add(stops, failure(f), remedyOf(f))
	}
}

// failure describes an exit that is no success; nil after one.
func failure(f *visit) []string {
	if f.exit == 0 {
		return nil
	}
	detail := f.String()
	if f.log != "" {
		detail += "; its log ends:\n" + f.log
	}
	return []string{detail}
}

func remedyOf(f *visit) string {
	switch f.exit {
	case 0:
		return ""
	case temporary:
		return "status 75 asks for another try later"
	case configError:
		return "status 78 says that its configuration is wrong: correct env, dir or config"
	}
	return "exit with 0 when done, with 75 to be tried later, with 78 if the configuration is wrong"
}
