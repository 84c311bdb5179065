package exec

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	osexec "os/exec"
	"time"

	"tickertape/feeds"
)

// The modes of a program.
const (
	stream = "stream"
	once   = "once"
)

// Options of a feed of kind exec.
type Options struct {
	Command []string          `option:"command" doc:"The program and its arguments; no shell reads them." required:"true"`
	Mode    string            `option:"mode" doc:"With stream the program runs for ever; with once it runs at each interval." default:"stream" choices:"stream,once"`
	Topics  []string          `option:"topics" doc:"Topics that it prints on beside topic; each such item names its own."`
	Env     map[string]string `option:"env" doc:"Environment variables beside PATH, HOME and LANG." secret:"true"`
	Dir     string            `option:"dir" doc:"The directory to run in; the server's own unless set."`
	Config  json.RawMessage   `option:"config" doc:"Names with values of any sort, which the program reads as a JSON object on the first line of its standard input; at most 64 KiB." secret:"true"`
}

// Spec describes the kind.
func Spec() feeds.Spec {
	return feeds.Spec{
		Kind:    "exec",
		Summary: "Items that a program of yours, in any language, prints as JSON lines.",
		Floor:   time.Second,
		Options: &Options{},
		New:     New,
		Example: `- id: tides
  kind: exec
  topic: news
  command: [sh, -c, 'while sleep 60; do echo "{\"title\":\"a minute has passed\"}"; done']
`,
		Needs:     "a program",
		Stability: "stable",
	}
}

// New makes a feed of options, an [*Options]; it does not look for the program.
func New(options any, env feeds.Env) (feeds.Feed, error) {
	o, ok := options.(*Options)
	if !ok {
		return nil, fmt.Errorf("options are a %T", options)
	}
	switch {
	case len(o.Command) == 0 || o.Command[0] == "":
		return nil, errors.New("option command is empty")
	case o.Mode != "" && o.Mode != stream && o.Mode != once:
		return nil, fmt.Errorf("mode %q: want %s or %s", o.Mode, stream, once)
	case o.Mode == once && env.Every.Max <= 0:
		return nil, errors.New("mode once needs an interval: set every")
	}
	line, err := configLine(o.Config)
	if err != nil {
		return nil, err
	}
	if env.Topic == "" && len(o.Topics) > 0 {
		env.Topic = o.Topics[0]
	}
	return &feed{opts: *o, env: env, config: line, grace: 5 * time.Second}, nil
}

// configLine returns the line of input that the program reads first; without a config
// it is an empty object.
func configLine(config json.RawMessage) ([]byte, error) {
	var line bytes.Buffer
	if len(config) == 0 {
		config = json.RawMessage("{}")
	}
	if err := json.Compact(&line, config); err != nil || line.Bytes()[0] != '{' {
		return nil, errors.New("config: want names with values, as in {port: 3}") // a secret may stand in it
	}
	line.WriteByte('\n')
	return line.Bytes(), nil
}

// A feed runs one program, again for each Run. It is immutable.
type feed struct {
	opts   Options
	env    feeds.Env
	config []byte        // the line for standard input
	grace  time.Duration // between SIGTERM and SIGKILL
}

var (
	_ feeds.Checker = (*feed)(nil)
	_ feeds.Topical = (*feed)(nil)
)

// Topics returns those that the option topics names.
func (f *feed) Topics() []string { return f.opts.Topics }

// Run runs the program once, to its end or ctx's.
func (f *feed) Run(ctx context.Context, pub feeds.Publisher) error {
	p, err := launch(&f.opts)
	if err != nil {
		return launchError(&f.opts, err)
	}
	s := &session{feed: f, pub: pub, process: p, over: make(chan struct{})}
	return s.run(ctx)
}

// launchError tells an operator's mistake from a moment's trouble.
func launchError(o *Options, err error) error {
	err = fmt.Errorf("run %s: %w", o.Command[0], err)
	switch {
	case errors.Is(err, osexec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return feeds.NeedsAttention(err, "check command and dir: there is no such program or directory")
	case errors.Is(err, fs.ErrPermission):
		return feeds.NeedsAttention(err, "make the program executable for the user that the server runs as")
	}
	return err
}
