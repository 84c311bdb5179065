package public

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"go.uber.org/goleak"
)

const chromium = "/usr/bin/chromium"

// browser is the one of the package, started by the first test that needs it.
var browser struct {
	once sync.Once
	ctx  context.Context
	stop func()
	err  error
}

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if browser.stop != nil {
		browser.stop()
	}
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

func startBrowser() {
	if _, err := os.Stat(chromium); err != nil {
		browser.err = fmt.Errorf("%s: %w; the browser tests of make test need it, go test -short leaves them out", chromium, err)
		return
	}
	profile, err := os.MkdirTemp("", "tickertape-browser-")
	if err != nil {
		browser.err = err
		return
	}
	alloc, stopAlloc := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(chromium), chromedp.UserDataDir(profile), chromedp.NoFirstRun, chromedp.NoSandbox,
		chromedp.Headless, chromedp.DisableGPU, chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("lang", "en-GB"), chromedp.Flag("accept-lang", "en-GB"), chromedp.Env("TZ=UTC", "LANGUAGE=en_GB"))
	ctx, stopBrowser := chromedp.NewContext(alloc)
	browser.ctx = ctx
	browser.stop = func() {
		_ = chromedp.Cancel(ctx)
		stopBrowser()
		stopAlloc()
		_ = os.RemoveAll(profile)
	}
	browser.err = chromedp.Do(ctx)
}

// tab is one page in a browser context of its own: nothing stored, nothing shared.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	problems []string // console errors, exceptions and policy violations
}

func newTab(t *testing.T) *tab {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a browser")
	}
	browser.once.Do(startBrowser)
	if browser.err != nil {
		t.Fatal(browser.err)
	}
	ctx, cancel := chromedp.NewContext(browser.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	p := &tab{t: t, ctx: ctx}
	p.run(chromedp.EmulateViewport(1600, 900))
	if err := chromedp.Listen(ctx, p.note); err != nil {
		t.Fatal(err)
	}
	return p
}

// note keeps what a page must never cause. That a resource did not load is not
// among it: some servers here are down on purpose.
func (p *tab) note(event any) {
	var text string
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			text = fmt.Sprintf("console %s", e.Type)
			for _, arg := range e.Args {
				text += " " + arg.Value.String()
			}
		}
	case *runtime.EventExceptionThrown:
		text = exception(e.ExceptionDetails)
	case *log.EventEntryAdded:
		if e.Entry.Source != log.EntrySourceNetwork && (e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning) {
			text = e.Entry.Text
		}
	}
	if text != "" {
		p.mu.Lock()
		p.problems = append(p.problems, text)
		p.mu.Unlock()
	}
}

// clean fails the test if the page has caused what it must not.
func (p *tab) clean() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.problems) > 0 {
		p.t.Errorf("the page caused:\n%s", strings.Join(p.problems, "\n"))
	}
}

func (p *tab) run(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, steps...); err != nil {
		p.t.Fatal(err)
	}
}

func (p *tab) open(url string) {
	p.t.Helper()
	p.run(chromedp.Navigate(url))
}

// wait blocks until the expression is true, at most ten seconds.
func (p *tab) wait(expression string) {
	p.t.Helper()
	// The page's policy forbids the eval that chromedp.Poll needs.
	script := fmt.Sprintf(`new Promise((resolve) => {
		const stop = (value) => { clearInterval(poll); clearTimeout(limit); resolve(value); };
		const look = () => { if (%s) stop(true); };
		const poll = setInterval(look, 10);
		const limit = setTimeout(() => stop(false), 10000);
		look();
	})`, expression)
	ok, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool](script, chromedp.EvalAwaitPromise))
	if err != nil || !ok {
		p.clean()
		p.t.Fatalf("waited in vain for %s: %v\nthe page says:\n%s", expression, err, eval[string](p, "document.body.innerText"))
	}
}

// eval returns the value of an expression.
func eval[T any](p *tab, expression string) T {
	p.t.Helper()
	value, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

const live = `document.documentElement.dataset.link === 'live'`

// titles are the headlines that are shown, newest first.
const titles = `[...document.querySelectorAll('.headline .title')].map((e) => e.textContent)`
