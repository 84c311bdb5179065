package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A bench is one run of the program.
type bench struct {
	*shop
	options
	report  *report
	skipped map[string]bool // reasons already given
}

// measure runs the plan. The report holds what was measured even when there is an error; it is
// nil when nothing could be.
func measure(ctx context.Context, o options) (*report, error) {
	s, err := openShop(ctx, o)
	if err != nil {
		return nil, err
	}
	defer s.close()
	plan := only(scenarios(o.quick), o.only, o.servers)
	if len(plan) == 0 {
		return nil, fmt.Errorf("-only %q -servers %q: nothing is called that", o.only, o.servers)
	}
	b := &bench{shop: s, options: o, report: newReport(s.version), skipped: map[string]bool{}}
	for round := range o.rounds {
		for _, scenario := range plan {
			if err := b.inTurn(ctx, scenario, round+1); err != nil {
				return b.report, err
			}
		}
		if o.output != "" {
			if err := b.report.save(o.output); err != nil {
				return b.report, err
			}
		}
	}
	return b.report, nil
}

// inTurn measures one server after the other. What goes wrong with one is noted in the report;
// the error is ctx's.
func (b *bench) inTurn(ctx context.Context, sc scenario, round int) error {
	for _, name := range sc.servers {
		reason := b.lacks(name)
		if reason == "" {
			reason = sc.tooLarge()
		}
		if reason != "" {
			b.skip(sc, name, reason)
			continue
		}
		best, err := b.quietest(ctx, sc, name, round)
		if err != nil {
			return err
		}
		b.report.Samples = append(b.report.Samples, best)
	}
	return nil
}

// quietest measures, again while other programs disturb it and the options allow, and returns
// the least disturbed measurement: whichever that is, its values are not looked at.
func (b *bench) quietest(ctx context.Context, sc scenario, name string, round int) (best sample, err error) {
	for try := range b.again + 1 {
		values, problem, err := b.once(ctx, sc, name)
		if ctx.Err() != nil {
			return best, ctx.Err()
		}
		if err != nil {
			problem = err.Error()
		}
		m := sample{sc.name, name, round, values, problem}
		fmt.Fprintf(os.Stderr, "round %d of %d  %-16s %-11s %s\n", round, b.rounds, sc.name, name, m.brief())
		if try == 0 || m.disturbance() < best.disturbance() {
			best = m
		}
		if !best.disturbed() {
			break
		}
	}
	return best, nil
}

func (b *bench) skip(sc scenario, name, reason string) {
	line := fmt.Sprintf("%s, %s: %s", sc.name, name, reason)
	if !b.skipped[line] {
		b.skipped[line] = true
		b.report.Skipped = append(b.report.Skipped, line)
		fmt.Fprintln(os.Stderr, "skipped", line)
	}
}

// tooLarge says why this machine cannot hold the scenario, "" when it can.
func (sc scenario) tooLarge() string {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return err.Error()
	}
	// Beside the readers: publishers, the log's files, listeners.
	if need := uint64(sc.load.Readers + 500); need > limit.Max {
		return fmt.Sprintf("needs %d descriptors a process, %d are allowed", need, limit.Max)
	}
	free, err := kilobytes("/proc/meminfo", "MemAvailable:")
	if err != nil {
		return err.Error()
	}
	// The goroutine path and both ends in the kernel, rounded up.
	if need := float64(max(sc.processes, 1)*(sc.load.Readers*40<<10)) + 256<<20; need > free {
		return fmt.Sprintf("needs %.1f GiB of memory, %.1f are available", need/(1<<30), free/(1<<30))
	}
	return ""
}

// once measures one fresh server.
func (b *bench) once(ctx context.Context, sc scenario, name string) (values map[string]float64, problem string, err error) {
	var servers []*server
	for range max(sc.processes, 1) {
		s, err := b.start(ctx, name, sc.sync)
		if err != nil {
			return nil, "", err
		}
		defer s.stop()
		servers = append(servers, s)
	}
	s := servers[0]
	switch sc.kind {
	case atStart:
		values, err = b.weighStart(ctx, sc, s)
	case idleMemory:
		values, err = b.weigh(ctx, sc, servers)
	case connecting100:
		values, problem, err = b.churn(ctx, sc, s)
	default:
		values, problem, err = b.underLoad(ctx, sc, name, s)
	}
	if err == nil && name == byRing && !strings.Contains(s.trail(), "io_uring") {
		problem = "the server did not say that it uses io_uring"
	}
	return values, problem, err
}

// trail returns all that a server has logged.
func (v *server) trail() string {
	said, _ := os.ReadFile(v.trace)
	return string(said)
}

func (b *bench) spec(sc scenario, s *server) loadSpec {
	spec := sc.load
	spec.Address, spec.PID = s.address, s.pid()
	spec.ServerCores, spec.LoadCores = b.serverCore, b.loadCore
	if s.admin != "" {
		spec.Live = "event: live\n"
	}
	return spec
}

// generate starts a generator and returns it once everything is connected. Stop it.
func (b *bench) generate(ctx context.Context, spec loadSpec) (*child, loadResult, error) {
	var r loadResult
	c, err := start(ctx, b.folder, b.loadCore, []string{"GODEBUG=asyncpreemptoff=1"}, b.self, roleArgument, loadRole)
	if err != nil {
		return nil, r, err
	}
	if err = json.NewEncoder(c.in).Encode(spec); err == nil {
		r, err = c.result()
	}
	if err != nil {
		c.stop()
		return nil, r, err
	}
	return c, r, nil
}

func (c *child) result() (r loadResult, err error) {
	line, err := c.line()
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(line, &r)
}

func (b *bench) underLoad(ctx context.Context, sc scenario, name string, s *server) (map[string]float64, string, error) {
	spec := b.spec(sc, s)
	spec.TLS = name == byTLS
	c, connected, err := b.generate(ctx, spec)
	if err != nil {
		return nil, "", err
	}
	defer c.stop()
	r, err := c.result()
	if err != nil {
		return nil, "", err
	}
	values, problem := loadSample(spec, r)
	values[connectTime] = connected.ConnectSeconds
	if s.admin != "" {
		if values[logTime], err = s.logTime(ctx); err != nil {
			return values, problem, err
		}
	}
	return values, problem, nil
}

// logTime reads the server's own measure of publishing: the mean, in microseconds.
func (v *server) logTime(ctx context.Context) (float64, error) {
	page, err := v.ask(ctx, "/metrics")
	if err != nil {
		return 0, err
	}
	number := func(name string) float64 {
		_, after, _ := strings.Cut(page, "\n"+name+" ")
		line, _, _ := strings.Cut(after, "\n")
		n, _ := strconv.ParseFloat(line, 64)
		return n
	}
	count := number("tickertape_publish_seconds_count")
	if count == 0 {
		return 0, errors.New("the server's metrics do not count publishes")
	}
	return number("tickertape_publish_seconds_sum") / count * 1e6, nil
}

func (b *bench) churn(ctx context.Context, sc scenario, s *server) (map[string]float64, string, error) {
	before, err := descriptors(s.pid())
	if err != nil {
		return nil, "", err
	}
	c, r, err := b.generate(ctx, b.spec(sc, s))
	if err != nil {
		return nil, "", err
	}
	defer c.stop()
	after, err := descriptors(s.pid())
	if err != nil {
		return nil, "", err
	}
	values, problem := churnSample(r), ""
	values[leaked] = float64(after - before)
	// The log opens files of its own as it goes.
	if after-before > sc.load.Churn {
		problem = fmt.Sprintf("%d descriptors were left open", after-before)
	}
	return values, problem, nil
}

func (b *bench) weighStart(ctx context.Context, sc scenario, s *server) (map[string]float64, error) {
	if err := pause(ctx, sc.rest); err != nil {
		return nil, err
	}
	pss, err := pssOf(s.pid())
	return map[string]float64{startMemory: pss / (1 << 20)}, err
}

// weigh connects readers to all servers and compares the servers' memory before and after.
func (b *bench) weigh(ctx context.Context, sc scenario, servers []*server) (map[string]float64, error) {
	// Not the full time: what a server frees after its start would count for its connections.
	if err := pause(ctx, sc.rest/5); err != nil {
		return nil, err
	}
	before, kernelBefore, err := weighAll(servers)
	if err != nil {
		return nil, err
	}
	seconds := 0.0
	for _, s := range servers {
		spec := b.spec(sc, s)
		spec.Hold = true
		c, r, err := b.generate(ctx, spec)
		if err != nil {
			return nil, err
		}
		defer c.stop()
		seconds += r.ConnectSeconds
	}
	if err := pause(ctx, sc.rest); err != nil {
		return nil, err
	}
	after, kernelAfter, err := weighAll(servers)
	n := float64(sc.load.Readers * len(servers))
	return map[string]float64{
		connMemory: (after - before) / n / 1024, kernelPair: (kernelAfter - kernelBefore) / n / 1024, connectTime: seconds,
	}, err
}

func weighAll(servers []*server) (pss, kernel float64, err error) {
	for _, s := range servers {
		one, err := pssOf(s.pid())
		if err != nil {
			return 0, 0, err
		}
		pss += one
	}
	kernel, err = kernelMemory()
	return pss, kernel, err
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
