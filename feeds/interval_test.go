package feeds

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestInterval(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want Interval
		ok   bool
	}{
		{"5s", Interval{5 * time.Second, 5 * time.Second}, true},
		{"1s-3s", Interval{time.Second, 3 * time.Second}, true},
		{" 20ms - 3s ", Interval{20 * time.Millisecond, 3 * time.Second}, true},
		{"", Interval{}, false},
		{"5", Interval{}, false},
		{"-5s", Interval{}, false},
		{"3s-1s", Interval{}, false},
		{"1s-", Interval{}, false},
		{"1s-2562047h", Interval{}, false},
		{"1s-2s-3s", Interval{}, false},
	} {
		var got Interval
		if err := got.UnmarshalText([]byte(tt.in)); (err == nil) != tt.ok || got != tt.want {
			t.Errorf("%q: %v, %v; want %v", tt.in, got, err, tt.want)
		}
	}
}

func FuzzInterval(f *testing.F) {
	f.Add("1s-3s")
	f.Add("0s-2562047h")
	f.Fuzz(func(t *testing.T, text string) {
		var i, again Interval
		if i.UnmarshalText([]byte(text)) != nil {
			return
		}
		if err := again.UnmarshalText([]byte(i.String())); err != nil || again != i {
			t.Fatalf("%q is %v, whose text is %q: %v, %v", text, i, i.String(), again, err)
		}
		if d := i.Draw(rand.New(rand.NewPCG(1, 1))); d < i.Min || d > i.Max {
			t.Fatalf("%s drawn from %s", d, i)
		}
	})
}
