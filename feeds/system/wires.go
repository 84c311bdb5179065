package system

import (
	"context"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v4/net"
)

// Bounds of what is printed about interfaces.
const (
	nicsMax      = 32
	addressesMax = 8 // of each
)

// virtual are the beginnings of names of interfaces without a wire: of containers,
// bridges and tunnels of the kernel.
var virtual = []string{
	"veth", "docker", "br-", "cni", "flannel", "cali", "cilium", "lxc", "lxd", "virbr", "vnet", "podman", "dummy",
	"ifb", "sit", "tunl", "gre", "ip6tnl",
}

// wires reads network interfaces, and what went through since they were read before.
type wires struct {
	wanted    []string // names and patterns; empty means all that are real
	addresses bool
	before    map[string]net.IOCountersStat
	at        time.Time // of before
}

func (w *wires) read(ctx context.Context, into *reading) error {
	list, err := net.InterfacesWithContext(ctx)
	if err != nil {
		return err
	}
	counters, err := net.IOCountersWithContext(ctx, true)
	if err != nil {
		return err
	}
	into.Interfaces = w.measure(list, counters, time.Now())
	return nil
}

// measure returns the wanted interfaces by name; when there are too many, those
// that are up come before those that are not.
func (w *wires) measure(list []net.InterfaceStat, counters []net.IOCountersStat, now time.Time) []nic {
	count := make(map[string]net.IOCountersStat, len(counters))
	for _, c := range counters {
		count[c.Name] = c
	}
	elapsed := now.Sub(w.at).Seconds()
	var nics []nic
	for _, i := range list {
		c, counted := count[i.Name]
		if !counted || !w.wants(i) {
			continue
		}
		n := nic{Name: i.Name, Up: slices.Contains(i.Flags, "up"), RxBytes: c.BytesRecv, TxBytes: c.BytesSent}
		if old, known := w.before[i.Name]; known && elapsed > 0 {
			n.RxRate = rate(old.BytesRecv, c.BytesRecv, elapsed)
			n.TxRate = rate(old.BytesSent, c.BytesSent, elapsed)
		}
		if w.addresses {
			for _, a := range i.Addrs[:min(len(i.Addrs), addressesMax)] {
				n.Addresses = append(n.Addresses, a.Addr)
			}
		}
		nics = append(nics, n)
	}
	w.before, w.at = count, now
	slices.SortFunc(nics, byName)
	if len(nics) > nicsMax {
		slices.SortStableFunc(nics, upFirst)
		nics = nics[:nicsMax]
		slices.SortFunc(nics, byName)
	}
	return nics
}

func byName(a, b nic) int { return strings.Compare(a.Name, b.Name) }

func upFirst(a, b nic) int {
	switch {
	case a.Up == b.Up:
		return 0
	case a.Up:
		return -1
	}
	return 1
}

func (w *wires) wants(i net.InterfaceStat) bool {
	if len(w.wanted) > 0 {
		return slices.ContainsFunc(w.wanted, func(pattern string) bool {
			matches, err := path.Match(pattern, i.Name)
			return err == nil && matches
		})
	}
	isVirtual := slices.ContainsFunc(virtual, func(prefix string) bool { return strings.HasPrefix(i.Name, prefix) })
	return !isVirtual && !slices.Contains(i.Flags, "loopback")
}

// rate returns bytes a second, or nil when the counter has started anew.
func rate(before, now uint64, seconds float64) *float64 {
	if now < before {
		return nil
	}
	r := round(float64(now-before)/seconds, 0)
	return &r
}
