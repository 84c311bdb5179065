package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A cpuTime is what a process has used since its start, all threads together. The total is the
// scheduler's, in nanoseconds. The kernel splits it into user and system by what the timer
// happened to interrupt: the split is rough where the total is exact.
type cpuTime struct {
	total, user, system time.Duration
}

// tick is the unit of /proc: USER_HZ is 100 on all systems that Go runs on.
const tick = 10 * time.Millisecond

func cpuTimeOf(pid int) (cpuTime, error) {
	var ts unix.Timespec
	// The clock of another process, as clock_getcpuclockid(3) makes it.
	clock := int32(^pid)<<3 | 2
	if err := unix.ClockGettime(clock, &ts); err != nil {
		return cpuTime{}, fmt.Errorf("read CPU time of process %d: %w", pid, err)
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return cpuTime{}, err
	}
	// The name in parentheses may hold spaces; the fields after it do not. utime is the 14th.
	_, after, _ := bytes.Cut(stat, []byte(") "))
	fields := bytes.Fields(after)
	if len(fields) < 13 {
		return cpuTime{}, fmt.Errorf("read CPU time of process %d: /proc/%d/stat is cut", pid, pid)
	}
	user, _ := strconv.ParseInt(string(fields[11]), 10, 64)
	system, _ := strconv.ParseInt(string(fields[12]), 10, 64)
	return cpuTime{time.Duration(ts.Nano()), time.Duration(user) * tick, time.Duration(system) * tick}, nil
}

// busyTime is what the given cores have spent on anything at all since the machine's start,
// in ticks: steal of a hypervisor included, waiting for disks not.
func busyTime(cores []int) (busy time.Duration, err error) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(stat)) {
		// cpuN user nice system idle iowait irq softirq steal
		f := strings.Fields(line)
		for _, core := range cores {
			if len(f) < 9 || f[0] != "cpu"+strconv.Itoa(core) {
				continue
			}
			for _, i := range []int{1, 2, 3, 6, 7, 8} {
				n, _ := strconv.ParseInt(f[i], 10, 64)
				busy += time.Duration(n) * tick
			}
		}
	}
	return busy, nil
}
