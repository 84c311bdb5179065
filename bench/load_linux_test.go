package main

import (
	"context"
	"strings"
	"testing"
	"time"
)

func testBench(t *testing.T) *bench {
	t.Helper()
	s, err := openShop(t.Context(), options{serverCore: []int{0}, server: "/bin/true"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	return &bench{shop: s, options: options{loadCore: []int{0}}, report: &report{}, skipped: map[string]bool{}}
}

// The generator and the floor, as processes of their own, over real sockets.
func TestFloorDeliversAll(t *testing.T) {
	for _, tt := range []struct {
		server string
		load   loadSpec
	}{
		{floor, loadSpec{Readers: 50, Publishers: 4, Rate: 200}},
		{floor, loadSpec{Readers: 50, Publishers: 4, Flight: 16}},
		{floor, loadSpec{Readers: 50, Frozen: 5, Publishers: 4, Rate: 100}},
		{floorBatch, loadSpec{Readers: 50, Publishers: 16, Flight: 64}},
		{floorRing, loadSpec{Readers: 700, Publishers: 4, Rate: 50}},
	} {
		t.Run(tt.server, func(t *testing.T) {
			b := testBench(t)
			if why := b.lacks(tt.server); why != "" {
				t.Skip(why)
			}
			tt.load.Size, tt.load.Warm, tt.load.Window = plannedSize, 50*time.Millisecond, 300*time.Millisecond
			values, problem, err := b.once(t.Context(), scenario{name: "test", load: tt.load}, tt.server)
			if err != nil {
				t.Fatal(err)
			}
			// A busy machine may not reach the rate; the rest it must.
			if strings.Contains(problem, "lost") || strings.Contains(problem, "order") || values[complete] != 1 {
				t.Errorf("problem %q, delivered share %v", problem, values[complete])
			}
			for _, metric := range []string{cpuPerDelivery, deliveryRate, latencyP50, latencyP99, eventBytes} {
				if values[metric] <= 0 {
					t.Errorf("%s is %v", metric, values[metric])
				}
			}
			if want := float64(len(frameStart) + plannedSize + 2); values[perRead] < 1.5 && (values[eventBytes] < want*0.9 || values[eventBytes] > want*1.1) {
				t.Errorf("%v bytes per delivery; want %v", values[eventBytes], want)
			}
		})
	}
}

func TestChurnOfGin(t *testing.T) {
	b := testBench(t)
	sc := scenario{name: "test", kind: connecting100, load: loadSpec{Churn: 10, Size: plannedSize, Warm: 50 * time.Millisecond, Window: 200 * time.Millisecond}}
	values, problem, err := b.once(t.Context(), sc, plainGin)
	if err != nil || problem != "" {
		t.Fatalf("%v %s", err, problem)
	}
	if values[connectRate] <= 0 || values[latencyP50] <= 0 {
		t.Errorf("values %v", values)
	}
}

func TestAServerThatEndsIsReported(t *testing.T) {
	b := testBench(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, err := b.start(ctx, byRoutine, "") // /bin/true: it never is ready
	if err == nil || !strings.Contains(err.Error(), "before it was ready") {
		t.Errorf("error %v", err)
	}
}

// A reader that misses, repeats or reorders events is seen.
func TestDeliverChecksOrder(t *testing.T) {
	l := &load{spec: loadSpec{Size: testSize}, run: 7}
	for _, tt := range []struct {
		name      string
		seqs      []uint32
		delivered int
		disorder  int
	}{
		{"in order", []uint32{1, 2, 3}, 3, 0},
		{"gap", []uint32{1, 3}, 2, 0}, // one less than expected: lost
		{"repeated", []uint32{1, 2, 2}, 2, 1},
		{"late", []uint32{2, 1}, 1, 1},
	} {
		l.result = loadResult{}
		r := &reader{last: make([]uint32, 1), live: true}
		var b []byte
		for _, seq := range tt.seqs {
			b = append(b, testFrame(event{run: 7, seq: seq})...)
		}
		if left := l.frames(r, b); len(left) > 0 {
			t.Errorf("%s: %d bytes left", tt.name, len(left))
		}
		if l.result.Delivered != tt.delivered || l.result.Disorder != tt.disorder {
			t.Errorf("%s: %d delivered, %d in disorder; want %d, %d", tt.name, l.result.Delivered, l.result.Disorder, tt.delivered, tt.disorder)
		}
	}
}

// Two readers that saw two publishers' events in different orders.
func TestReadersMustAgree(t *testing.T) {
	l := &load{spec: loadSpec{Size: testSize}, run: 7, readers: make([]reader, 3)}
	frames := []string{testFrame(event{run: 7, source: 0, seq: 1}), testFrame(event{run: 7, source: 1, seq: 1})}
	for i := range l.readers {
		l.readers[i] = reader{last: make([]uint32, 2), live: true}
		first, second := frames[0], frames[1]
		if i == 2 {
			first, second = second, first
		}
		l.frames(&l.readers[i], []byte(first+second))
	}
	l.result.Expected = 6
	if got := l.disorderAmong(); got != 1 {
		t.Errorf("%d readers disagree; want 1", got)
	}
}

func TestResponseStatus(t *testing.T) {
	for in, want := range map[string]int{
		"HTTP/1.1 201 Created\r\nContent-Length: 3\r\n\r\nabc": 201,
		"HTTP/1.1 201 Created\r\ncontent-length: 3\r\n\r\nab":  0,
		"HTTP/1.1 201 Created\r\nContent-Le":                   0,
		"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n":         503,
	} {
		status, whole := responseStatus([]byte(in))
		if !whole {
			status = 0
		}
		if status != want {
			t.Errorf("responseStatus(%q) = %d; want %d", in, status, want)
		}
	}
}

func TestOwnCPUTimeRises(t *testing.T) {
	before, err := cpuTimeOf(1)
	if err != nil || before.total <= 0 {
		t.Fatalf("%v %v", before, err)
	}
	if _, err := cpuTimeOf(1 << 22); err == nil {
		t.Error("a process that is not there has no error")
	}
}
