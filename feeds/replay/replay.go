package replay

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"tickertape/feeds"
	"tickertape/topics"
)

// Options of a feed of kind replay.
type Options struct {
	File    string            `option:"file" doc:"The recording, as tickertape record makes it; one whose name ends in .gz is compressed." required:"true"`
	Speed   Speed             `option:"speed" doc:"How fast: 1x as it was, 60x an hour in a minute, 0.5x at half the speed; 0.01x to 10000x." default:"1x"`
	Longest time.Duration     `option:"longest" doc:"The longest pause, however long it was; 0s: as it was." default:"0s"`
	Loop    bool              `option:"loop" doc:"Whether to begin again at the end."`
	Shift   bool              `option:"shift" doc:"Whether times in the items are moved to now; otherwise they stay as recorded." default:"true"`
	Topics  map[string]string `option:"topics" doc:"The topics to print, each with its name here, as in {news: news, stock: shares}; all that are here unless set."`
}

// A Speed is how many times faster than it was. Its text is "1x" or "0.5x".
type Speed float64

// UnmarshalText reads "60x", or a bare number.
func (s *Speed) UnmarshalText(text []byte) error {
	n, err := strconv.ParseFloat(strings.TrimSuffix(string(text), "x"), 64)
	if err != nil || !(n >= 0.01 && n <= 10_000) {
		return fmt.Errorf("speed %q: want 0.01x to 10000x, as in 60x", text)
	}
	*s = Speed(n)
	return nil
}

// MarshalText returns the text form.
func (s Speed) MarshalText() ([]byte, error) {
	return []byte(strconv.FormatFloat(float64(s), 'g', -1, 64) + "x"), nil
}

// Spec describes the kind.
func Spec() feeds.Spec {
	return feeds.Spec{
		Kind:    "replay",
		Summary: "A recording of another day, printed again.",
		Topics:  []string{"news"},
		Options: &Options{},
		New:     New,
		Example: `- id: yesterday
  kind: replay
  file: examples/recording.ndjson
  speed: 2x
  loop: true
`,
		Needs:     "a recording",
		Simulated: true,
		Stability: "stable",
	}
}

// New makes a feed of options, an [*Options]. It does not look for the file.
func New(options any, env feeds.Env) (feeds.Feed, error) {
	o, ok := options.(*Options)
	if !ok {
		return nil, fmt.Errorf("options are a %T", options)
	}
	var errs []error
	if o.File == "" {
		errs = append(errs, errors.New("option file is empty"))
	}
	if o.Speed <= 0 {
		errs = append(errs, errors.New("speed: want more than 0x"))
	}
	if o.Longest < 0 {
		errs = append(errs, fmt.Errorf("longest %s: want none below zero", o.Longest))
	}
	if env.Every.Max > 0 {
		errs = append(errs, errors.New("every: the recording says when; the option speed makes it faster or slower"))
	}
	if env.Topic != "" && len(o.Topics) > 0 {
		errs = append(errs, errors.New("topic: the option topics says where to print"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &feed{opts: *o, topic: env.Topic, catalogue: env.Catalogue}, nil
}

// A feed replays one file. It is immutable.
type feed struct {
	opts      Options
	topic     string // the only one to print, if set
	catalogue *topics.Catalogue
}

// Topics returns the topics here that may be printed on, but for that of the kind.
func (f *feed) Topics() []string {
	names := slices.Sorted(maps.Values(f.opts.Topics))
	if len(names) == 0 && f.topic == "" && f.catalogue != nil {
		for _, t := range f.catalogue.All() {
			if t.Name != feeds.StatusTopic && !t.Retired {
				names = append(names, t.Name)
			}
		}
	}
	return slices.DeleteFunc(slices.Compact(names), func(name string) bool { return slices.Contains(Spec().Topics, name) })
}

// nameHere returns where a topic of the recording is printed; "" is nowhere.
func (f *feed) nameHere(there string) string {
	switch {
	case len(f.opts.Topics) > 0:
		return f.opts.Topics[there]
	case f.topic != "" && there != f.topic, there == feeds.StatusTopic:
		return ""
	case f.catalogue == nil:
		return there
	}
	if t, err := f.catalogue.Lookup(there); err != nil || t.Retired {
		return ""
	}
	return there
}

// suffix is what an id is given in a later round, where each event of the topic here
// matters: the same item once more is another one. "" leaves it.
func (f *feed) suffix(here string, round int) string {
	if round == 0 {
		return ""
	}
	if f.catalogue != nil {
		if t, err := f.catalogue.Lookup(here); err != nil || t.Mode == topics.Latest {
			return ""
		}
	}
	return "~" + strconv.Itoa(round+1)
}

// Check looks for the file.
func (f *feed) Check() error {
	file, err := os.Open(f.opts.File)
	if err != nil {
		return missing(err)
	}
	return file.Close()
}

func missing(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return feeds.NeedsAttention(err, "make it with tickertape record, or check the option file: a path from the folder that the server was started in")
	}
	return err
}
