package feeds

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestMaskHidesSecrets(t *testing.T) {
	m := NewMask([]string{`t0k"en\\long`, "k3y-with/slash", "p&ss", "abc"})
	for _, text := range []string{
		`t0k"en\\long`, `{"key":"t0k\"en\\\\long"}`, `it begins "t0k\"en\\\\long"`,
		"k3y-with/slash", "k=" + url.QueryEscape("k3y-with/slash"), "cut at k3y-with/sl", "p&ss p&amp;ss p%26ss",
	} {
		got := m.Text(text)
		if !strings.Contains(got, masked) || strings.Contains(got, "long") || strings.Contains(got, "slash") || strings.Contains(got, "ss") {
			t.Errorf("%q became %q", text, got)
		}
	}
	if text := "abc, k3y-wit: what is too short stays"; m.Text(text) != text {
		t.Errorf("%q became %q", text, m.Text(text))
	}
}

func TestStatusAndLogHideSecrets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		const secret = "s3cret-of-the-feed"
		env := Env{Every: Interval{time.Hour, time.Hour}, Secrets: []string{secret}}
		s, stop := start(t, &fakeBus{}, Options{Logger: slog.New(slog.NewTextHandler(&out, nil))}, testSpec, env,
			feedFunc(func(_ context.Context, pub Publisher) error {
				pub.OK("logged in with " + secret)
				pub.Log().With("with", secret).Warn("word "+secret, "error", errors.New(secret), slog.Group("g", "in", secret))
				return NeedsAttention(fmt.Errorf("bad key %s", secret), "renew "+secret)
			}))
		got := wantState(t, s, Attention)
		stop()
		if text := fmt.Sprintf("%+v", got); strings.Contains(text, secret) || got.LastError != "bad key ***" || got.Hint != "renew ***" || got.Detail != "logged in with ***" {
			t.Errorf("the status says %s", text)
		}
		if strings.Contains(out.String(), secret) || strings.Count(out.String(), masked) < 6 {
			t.Errorf("the log says\n%s", out.String())
		}
	})
}
