package system

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/net"
	"go.uber.org/goleak"

	"tickertape/feeds"
	"tickertape/feeds/feedtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestContract(t *testing.T) { feedtest.Run(t, Spec(), feedtest.Config{}) }

func collect(t *testing.T, o *Options, n int) []map[string]any {
	t.Helper()
	var list []map[string]any
	synctest.Test(t, func(t *testing.T) {
		feed, err := Spec().New(o, feeds.Env{})
		if err != nil {
			t.Fatal(err)
		}
		r := feedtest.NewRecorder(t, Spec(), feeds.Env{})
		began := time.Now()
		if _, err := r.Collect(t.Context(), feed, n); err != nil {
			t.Fatal(err)
		}
		if waited, want := time.Since(began), time.Duration(n-1)*2*time.Second; waited != want {
			t.Errorf("%d readings took %v, want %v: the first at once, then one each 2 s", n, waited, want)
		}
		for _, line := range r.Lines() {
			if len(line) > 4096 {
				t.Errorf("a reading has %d bytes, want less than 4 KiB", len(line))
			}
			fields := map[string]any{}
			if err := json.Unmarshal(line, &fields); err != nil {
				t.Fatal(err)
			}
			list = append(list, fields)
		}
	})
	return list
}

func TestReadsThisMachine(t *testing.T) {
	list := collect(t, &Options{Host: true}, 3)
	for i, fields := range list {
		for _, name := range []string{"host", "os", "kernel", "arch", "uptime", "load", "cpus", "memory", "process", "time"} {
			if fields[name] == nil {
				t.Errorf("reading %d has no %s: %v", i, name, fields)
			}
		}
		if fields["simulated"] != nil {
			t.Errorf("reading %d says simulated", i)
		}
		_, usage := fields["cpus"].(map[string]any)["usage"]
		if usage != (i > 0) {
			t.Errorf("reading %d: usage is there: %v, want %v; it needs two readings", i, usage, i > 0)
		}
		memory := fields["memory"].(map[string]any)
		if total, used := memory["total"].(float64), memory["used"].(float64); total <= 0 || used <= 0 || used > total {
			t.Errorf("reading %d: %v bytes used of %v", i, used, total)
		}
		if rss := fields["process"].(map[string]any)["rss"].(float64); rss < 1<<20 {
			t.Errorf("reading %d: this process has %v bytes", i, rss)
		}
	}
}

func TestKeepsToItself(t *testing.T) {
	fields := collect(t, &Options{Interfaces: []string{"*"}}, 1)[0]
	if fields["host"] != nil {
		t.Errorf("host is %v, want it hidden", fields["host"])
	}
	text := fmt.Sprint(fields["interfaces"])
	if text == "<nil>" {
		t.Fatal("no interface, want at least the loopback one that was asked for")
	}
	if strings.Contains(text, "addresses") || strings.Contains(text, "127.0.0.1") {
		t.Errorf("interfaces are %s, want no addresses", text)
	}
	fields = collect(t, &Options{Interfaces: []string{"lo*"}, Addresses: true}, 1)[0]
	if text := fmt.Sprint(fields["interfaces"]); !strings.Contains(text, "127.0.0.1") {
		t.Errorf("interfaces are %s, want the address of the loopback one", text)
	}
}

func TestFailingProbeIsLeftOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		feed, err := Spec().New(nil, feeds.Env{})
		if err != nil {
			t.Fatal(err)
		}
		s := feed.(*system)
		calls := 0
		list := []probe{
			{"uptime", func(_ context.Context, into *reading) error { into.Uptime = 42; return nil }},
			{"load", func(_ context.Context, into *reading) error {
				if calls++; calls < 3 {
					return errors.New("no such file")
				}
				into.Load = []float64{1, 2, 3}
				return nil
			}},
		}
		r := feedtest.NewRecorder(t, Spec(), s.env)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if err := s.run(ctx, r, list); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		var got []string
		for _, it := range r.Items() {
			d := it.Data.(*reading)
			got = append(got, fmt.Sprint(d.Uptime, d.Load))
		}
		if want := []string{"42 []", "42 []", "42 [1 2 3]"}; !slices.Equal(got, want) {
			t.Errorf("readings are %q, want %q", got, want)
		}
	})
}

func TestNothingReadableIsAnError(t *testing.T) {
	s := &system{env: Spec().Complete(feeds.Env{}), failing: map[string]bool{}}
	broken := errors.New("broken")
	list := []probe{{"load", func(context.Context, *reading) error { return broken }}}
	r := feedtest.NewRecorder(t, Spec(), s.env)
	if err := s.run(t.Context(), r, list); !errors.Is(err, broken) || !strings.Contains(err.Error(), "read load") {
		t.Errorf("err is %v, want it to name the probe", err)
	}
}

func TestUsage(t *testing.T) {
	before := []cpu.TimesStat{{User: 10, Idle: 90}, {User: 10, Idle: 90}}
	now := []cpu.TimesStat{{User: 11, System: 0.5, Idle: 90.5}, {User: 10, Idle: 92}}
	var c cpus
	c.measure(before, now)
	if want := []float64{75, 0}; !slices.Equal(c.Each, want) || *c.Usage != 37.5 {
		t.Errorf("each is %v and all %v, want %v and 37.5", c.Each, *c.Usage, want)
	}
	c = cpus{}
	c.measure(before[:1], now)
	if c.Usage != nil || c.Each != nil {
		t.Errorf("usage is %v %v after a processor was added, want none", c.Usage, c.Each)
	}
	c = cpus{}
	many := make([]cpu.TimesStat, 1000)
	c.measure(many, many)
	if len(c.Each) != cpusMax || *c.Usage != 0 {
		t.Errorf("%d processors with %v %% are listed, want %d with 0", len(c.Each), *c.Usage, cpusMax)
	}
}

func TestRates(t *testing.T) {
	w := &wires{}
	up := []net.InterfaceStat{
		{Name: "wlan0", Flags: []string{"up"}}, {Name: "eth0", Flags: []string{"up"}},
		{Name: "lo", Flags: []string{"up", "loopback"}}, {Name: "veth12", Flags: []string{"up"}},
	}
	at := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	counters := func(rx, tx uint64) []net.IOCountersStat {
		return []net.IOCountersStat{
			{Name: "eth0", BytesRecv: rx, BytesSent: tx}, {Name: "lo"}, {Name: "veth12"}, {Name: "wlan0"},
		}
	}
	first := w.measure(up, counters(1000, 500), at)
	if len(first) != 2 || first[0].Name != "eth0" || first[1].Name != "wlan0" {
		t.Fatalf("interfaces are %v, want eth0 and wlan0", first)
	}
	if first[0].RxRate != nil {
		t.Errorf("the first reading has the rate %v, want none", *first[0].RxRate)
	}
	second := w.measure(up, counters(6000, 1500), at.Add(4*time.Second))
	if rx, tx := *second[0].RxRate, *second[0].TxRate; rx != 1250 || tx != 250 {
		t.Errorf("rates are %v and %v, want 1250 and 250", rx, tx)
	}
	third := w.measure(up, counters(10, 1600), at.Add(5*time.Second))
	if third[0].RxRate != nil || *third[0].TxRate != 100 {
		t.Errorf("rates are %v and %v after a counter began anew, want none and 100", third[0].RxRate, third[0].TxRate)
	}
}

func TestManyInterfacesAreBounded(t *testing.T) {
	var list []net.InterfaceStat
	var counters []net.IOCountersStat
	for i := range 500 {
		name := fmt.Sprintf("eth%03d", i)
		n := net.InterfaceStat{Name: name}
		if i >= 490 {
			n.Flags = []string{"up"}
		}
		list, counters = append(list, n), append(counters, net.IOCountersStat{Name: name})
	}
	nics := (&wires{}).measure(list, counters, time.Now())
	if len(nics) != nicsMax {
		t.Fatalf("%d interfaces are listed, want %d", len(nics), nicsMax)
	}
	if last := nics[len(nics)-1]; last.Name != "eth499" || !last.Up {
		t.Errorf("the last one is %+v, want those that are up to stay", last)
	}
}

func TestRefusesBadPatterns(t *testing.T) {
	for _, pattern := range []string{"", "eth[", "[a"} {
		if _, err := Spec().New(&Options{Interfaces: []string{pattern}}, feeds.Env{}); err == nil {
			t.Errorf("pattern %q is accepted", pattern)
		}
	}
}
