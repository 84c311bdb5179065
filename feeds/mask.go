package feeds

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"log/slog"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const (
	masked      = "***"
	leastSecret = 4 // bytes; a shorter one would make holes in all sorts of words
	leastPart   = 8 // bytes of the beginning of a secret that are masked as well: texts are cut anywhere
)

// A Mask hides the secrets of a feed in what is shown, logged and kept: sources repeat
// a key in their errors, and programs print theirs. The zero value hides nothing.
type Mask struct{ secrets []string }

// NewMask returns a mask that hides the secrets, also as they stand in an address, in
// JSON, in HTML and between quotes. It leaves those of less than four bytes.
func NewMask(secrets []string) Mask {
	var all []string
	for _, s := range secrets {
		if len(s) < leastSecret {
			continue
		}
		text, _ := json.Marshal(s) // a string always can
		inJSON, quoted := string(text[1:len(text)-1]), strconv.Quote(s)
		all = append(all, s, url.QueryEscape(s), url.PathEscape(s), inJSON, quoted[1:len(quoted)-1], html.EscapeString(s))
	}
	slices.Sort(all)
	return Mask{slices.Compact(all)}
}

// Text returns the text with stars in place of each secret, and of the beginning of one.
func (m Mask) Text(text string) string {
	if !slices.ContainsFunc(m.secrets, func(s string) bool { return strings.Contains(text, headOf(s)) }) {
		return text
	}
	var out strings.Builder
	for at := 0; at < len(text); {
		n := 0
		for _, s := range m.secrets {
			n = max(n, common(text[at:], s))
		}
		if n == 0 {
			out.WriteByte(text[at])
			at++
			continue
		}
		out.WriteString(masked)
		at += n
	}
	return out.String()
}

// headOf returns as much of a secret as a text must have to be taken for it.
func headOf(secret string) string { return secret[:min(len(secret), leastPart)] }

// common returns for how many bytes text goes as secret does, 0 if those are too few.
func common(text, secret string) int {
	n := len(headOf(secret))
	if !strings.HasPrefix(text, secret[:n]) {
		return 0
	}
	for n < len(secret) && n < len(text) && text[n] == secret[n] {
		n++
	}
	return n
}

// logger returns one that hides the secrets in what it is told.
func (m Mask) logger(log *slog.Logger) *slog.Logger {
	if len(m.secrets) == 0 {
		return log
	}
	return slog.New(maskHandler{log.Handler(), m})
}

// A maskHandler hides secrets in records, then gives them to another handler.
type maskHandler struct {
	slog.Handler
	mask Mask
}

func (h maskHandler) Handle(ctx context.Context, r slog.Record) error {
	clean := slog.NewRecord(r.Time, r.Level, h.mask.Text(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		clean.AddAttrs(h.mask.attr(a))
		return true
	})
	return h.Handler.Handle(ctx, clean)
}

func (h maskHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		clean[i] = h.mask.attr(a)
	}
	return maskHandler{h.Handler.WithAttrs(clean), h.mask}
}

func (h maskHandler) WithGroup(name string) slog.Handler {
	return maskHandler{h.Handler.WithGroup(name), h.mask}
}

// attr returns the attribute without secrets. A value that is neither text nor number
// becomes text.
func (m Mask) attr(a slog.Attr) slog.Attr {
	switch v := a.Value.Resolve(); v.Kind() {
	case slog.KindString:
		a.Value = slog.StringValue(m.Text(v.String()))
	case slog.KindGroup:
		var clean []slog.Attr
		for _, inner := range v.Group() {
			clean = append(clean, m.attr(inner))
		}
		a.Value = slog.GroupValue(clean...)
	case slog.KindAny:
		a.Value = slog.StringValue(m.Text(fmt.Sprint(v.Any())))
	default:
		a.Value = v
	}
	return a
}
