package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"tickertape/feeds"
)

// doctorOptions are the flags of feeds doctor.
type doctorOptions struct {
	Offline bool          `option:"offline" default:"false" doc:"Ask no source, and start no program."`
	Timeout time.Duration `option:"timeout" default:"15s" min:"100ms" max:"10m" doc:"How long to wait for the first word of each feed."`
}

// Grades of what doctor finds.
const (
	good = "ok"
	fair = "note"
	poor = "FAIL"
)

// An examination is one thing that doctor looked at.
type examination struct {
	grade, what, found, remedy string
}

// maxExamined is how many feeds doctor runs at once.
const maxExamined = 8

// runDoctor looks at everything that a start needs, and at each source.
func runDoctor(ctx context.Context, inv *Invocation, stdout, _ io.Writer) int {
	cfg, flags := &inv.Config, ownFlags[doctorOptions](inv)
	counts := make(map[string]int)
	tell := func(list ...examination) {
		for _, e := range list {
			counts[e.grade]++
			fmt.Fprintf(stdout, "%-5s %s: %s\n", e.grade, e.what, e.found)
			if e.remedy != "" {
				fmt.Fprint(stdout, wrapAfter("   -> ", e.remedy))
			}
		}
	}
	tell(examineProgram()...)
	tell(examineConfiguration(inv)...)
	if len(inv.mistakes) == 0 {
		tell(examineData(cfg)...)
		tell(examineAddress(ctx, "listen", cfg.Listen, cfg.TLSCert != ""), examineAddress(ctx, "admin", cfg.Admin, false))
		tell(examineCertificate(cfg, time.Now())...)
		tell(examineServers(ctx, cfg)...)
	}
	clock := &skewWatch{}
	switch {
	case len(inv.mistakes) > 0:
		tell(examination{fair, "sources", "not asked", "mend the configuration first"})
	case flags.Offline:
		tell(examination{fair, "sources", "not asked, because of --offline", ""})
	default:
		tell(examineFeeds(ctx, cfg, flags.Timeout, clock)...)
		tell(clock.examine())
	}
	fmt.Fprintf(stdout, "\n%d ok, %s, %s\n", counts[good], plural(counts[fair], "note"), plural(counts[poor], "failure"))
	if counts[poor] > 0 {
		return exitFailed
	}
	return exitOK
}

// examineFeeds runs each feed until its first word, several at once, and awaits them.
func examineFeeds(ctx context.Context, cfg *Config, timeout time.Duration, clock *skewWatch) []examination {
	list := make([]examination, len(cfg.Feeds))
	var running sync.WaitGroup
	free := make(chan struct{}, maxExamined)
	for i, f := range cfg.Feeds {
		free <- struct{}{}
		running.Go(func() {
			defer func() { <-free }()
			list[i] = examineFeed(ctx, cfg, f, timeout, clock)
		})
	}
	running.Wait()
	return list
}

// examineFeed runs one feed as feeds try does.
func examineFeed(ctx context.Context, cfg *Config, f ConfiguredFeed, timeout time.Duration, clock *skewWatch) examination {
	e := examination{what: "feed " + f.Env.ID + " (" + f.Spec.Kind + ")"}
	if f.check != nil {
		if err := f.check(); err != nil {
			e.grade, e.found = poor, err.Error()
			e.remedy, _ = feeds.Hint(err)
			return e
		}
	}
	t := &trial{feed: f, want: 1 << 30, log: newTryLog(io.Discard), around: clock.around}
	t.until = func(s feeds.Status) bool { return !s.LastOK.IsZero() || s.Refused > 0 }
	began := time.Now()
	if err := t.run(ctx, cfg, slog.New(slog.DiscardHandler), timeout); err != nil {
		e.grade, e.found = poor, err.Error()
		return e
	}
	took := time.Since(began).Round(10 * time.Millisecond)
	now := t.sup.Status()[0]
	failure, failed := t.failure()
	switch {
	case failed:
		e.grade, e.found, e.remedy = poor, failure.LastError, failure.Hint
		switch {
		case e.remedy != "":
		case strings.Contains(failure.LastError, "no such host"):
			e.remedy = "check the address, and that this machine can look names up"
		default:
			e.remedy = "tickertape feeds try shows more of it"
		}
	case now.Refused > 0:
		e.grade, e.found, e.remedy = poor, now.LastError, "its items do not fit their topic; GET /topics shows the topic's schema"
	case now.LastOK.IsZero():
		e.grade, e.found, e.remedy = fair, fmt.Sprintf("said nothing in %s", shortDuration(timeout)), "it may have nothing to say; a longer --timeout gives it more time"
	case now.Events == 0:
		e.grade, e.found = good, strings.TrimSuffix(fmt.Sprintf("answers in %s, nothing new: %s", took, now.Detail), ": ")
	default:
		e.grade, e.found = good, fmt.Sprintf("prints after %s", took)
	}
	return e
}

// A skewWatch compares our clock with the Date of answers. Its methods may be called from
// any goroutine.
type skewWatch struct {
	mu     sync.Mutex // guards the fields below
	asked  int
	most   time.Duration // the largest difference, ours minus theirs
	source string        // whose it is
}

// mostSkew is how far a clock may be off before somebody minds: certificates and
// signatures with a time are refused by then.
const mostSkew = time.Minute

func (w *skewWatch) around(next http.RoundTripper) http.RoundTripper { return &skewKeeper{next, w} }

type skewKeeper struct {
	next  http.RoundTripper
	watch *skewWatch
}

func (k *skewKeeper) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := k.next.RoundTrip(req)
	if err == nil {
		k.watch.note(req.URL.Host, res.Header, time.Now())
	}
	return res, err
}

func (k *skewKeeper) CloseIdleConnections() {
	if c, ok := k.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// note compares now with an answer's Date, unless a cache has kept the answer.
func (w *skewWatch) note(host string, h http.Header, now time.Time) {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil || h.Get("Age") != "" {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked++
	if skew := now.Sub(date); skew.Abs() > w.most.Abs() {
		w.most, w.source = skew, host
	}
}

func (w *skewWatch) examine() examination {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.asked == 0:
		return examination{fair, "clock", "not compared, since no source says what time it is", ""}
	case w.most.Abs() > mostSkew:
		return examination{poor, "clock", fmt.Sprintf("%s off that of %s", w.most.Round(time.Second), w.source), "set this machine's clock, best by NTP (timedatectl set-ntp true)"}
	}
	return examination{good, "clock", fmt.Sprintf("within %s of the sources'", max(w.most.Abs().Round(time.Second), time.Second)), ""}
}

// errText is an error for people, without what stands in front of it already.
func errText(err error) string {
	var inner interface{ Unwrap() error }
	if errors.As(err, &inner) && inner.Unwrap() != nil {
		return inner.Unwrap().Error()
	}
	return err.Error()
}
