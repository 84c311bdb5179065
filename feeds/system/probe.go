package system

import (
	"context"
	"math"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/host"
	"github.com/shirou/gopsutil/v4/load"
	"github.com/shirou/gopsutil/v4/mem"
	ps "github.com/shirou/gopsutil/v4/process"
)

// A probe reads one thing about the machine and puts it into a reading. When it
// fails it leaves the reading as it was. It may keep what it read before.
type probe struct {
	name string
	read func(ctx context.Context, into *reading) error
}

// probes returns all of them; each call makes new ones, which remember nothing.
func probes(o Options) []probe {
	list := []probe{
		{"platform", platform()},
		{"uptime", uptime},
		{"load", loads},
		{"cpus", new(meter).read},
		{"memory", memories},
		{"swap", swaps},
		{"interfaces", (&wires{wanted: o.Interfaces, addresses: o.Addresses}).read},
		{"process", self},
	}
	if o.Host {
		list = append(list, probe{"host", name})
	}
	return list
}

func name(_ context.Context, into *reading) (err error) {
	into.Host, err = os.Hostname()
	return err
}

// platform reads what does not change while the program runs, once it has worked.
func platform() func(context.Context, *reading) error {
	var known *reading
	return func(ctx context.Context, into *reading) error {
		if known == nil {
			system, _, version, err := host.PlatformInformationWithContext(ctx)
			if err != nil {
				return err
			}
			kernel, err := host.KernelVersionWithContext(ctx)
			if err != nil {
				return err
			}
			known = &reading{Platform: strings.TrimSpace(system + " " + version), Kernel: kernel}
		}
		into.OS, into.Arch = runtime.GOOS, runtime.GOARCH
		into.Platform, into.Kernel = known.Platform, known.Kernel
		return nil
	}
}

func uptime(ctx context.Context, into *reading) (err error) {
	into.Uptime, err = host.UptimeWithContext(ctx)
	return err
}

func loads(ctx context.Context, into *reading) error {
	avg, err := load.AvgWithContext(ctx)
	if err != nil {
		return err
	}
	into.Load = []float64{round(avg.Load1, 2), round(avg.Load5, 2), round(avg.Load15, 2)}
	return nil
}

func memories(ctx context.Context, into *reading) error {
	m, err := mem.VirtualMemoryWithContext(ctx)
	if err != nil {
		return err
	}
	into.Memory = &memory{
		Total: m.Total, Available: m.Available, Free: m.Free, Used: m.Used, Percent: round(m.UsedPercent, 1),
	}
	return nil
}

// swaps adds to the memory that was read before it.
func swaps(ctx context.Context, into *reading) error {
	m, err := mem.SwapMemoryWithContext(ctx)
	if err != nil {
		return err
	}
	if into.Memory != nil && m.Total > 0 {
		into.Memory.Swap = &swap{Total: m.Total, Used: m.Used, Percent: round(m.UsedPercent, 1)}
	}
	return nil
}

func self(ctx context.Context, into *reading) error {
	p, err := ps.NewProcessWithContext(ctx, int32(os.Getpid())) //nolint:gosec // process ids fit
	if err != nil {
		return err
	}
	m, err := p.MemoryInfoWithContext(ctx)
	if err != nil {
		return err
	}
	created, err := p.CreateTimeWithContext(ctx)
	if err != nil {
		return err
	}
	into.Process = &process{
		RSS:        m.RSS,
		Goroutines: runtime.NumGoroutine(),
		Uptime:     max(0, int64(time.Since(time.UnixMilli(created)).Seconds())),
	}
	return nil
}

// cpusMax bounds the processors that are printed one by one.
const cpusMax = 256

// A meter reads processors, and how busy they were since it was read before.
type meter struct {
	model  string
	asked  bool // for the model
	before []cpu.TimesStat
}

func (m *meter) read(ctx context.Context, into *reading) error {
	now, err := cpu.TimesWithContext(ctx, true)
	if err != nil {
		return err
	}
	if !m.asked {
		m.asked = true
		if info, err := cpu.InfoWithContext(ctx); err == nil && len(info) > 0 {
			m.model = strings.TrimSpace(info[0].ModelName)
		}
	}
	into.CPUs = &cpus{Count: len(now), Model: m.model}
	into.CPUs.measure(m.before, now)
	m.before = now
	return nil
}

// measure fills the usage in, if the same processors were read before.
func (c *cpus) measure(before, now []cpu.TimesStat) {
	if len(before) != len(now) {
		return // the first reading, or a processor came or went
	}
	var allBusy, all float64
	for i := range now {
		busy, total := spent(now[i])
		wasBusy, wasTotal := spent(before[i])
		busy, total = max(0, busy-wasBusy), max(0, total-wasTotal)
		allBusy, all = allBusy+busy, all+total
		if i < cpusMax {
			c.Each = append(c.Each, percent(busy, total))
		}
	}
	usage := percent(allBusy, all)
	c.Usage = &usage
}

// spent returns the seconds that a processor has worked, and all of them. Time of
// guests is part of user time.
func spent(t cpu.TimesStat) (busy, total float64) {
	busy = t.User + t.System + t.Nice + t.Irq + t.Softirq + t.Steal
	return busy, busy + t.Idle + t.Iowait
}

func percent(part, whole float64) float64 {
	if whole <= 0 {
		return 0
	}
	return round(min(100*part/whole, 100), 1)
}

func round(v float64, decimals int) float64 {
	scale := math.Pow10(decimals)
	return math.Round(v*scale) / scale
}
