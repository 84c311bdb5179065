package topics

import (
	"errors"
	"math"
	"strings"
	"testing"
)

func TestParseID(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want ID
	}{
		{"7k3q-1042", ID{"7k3q", 1042}},
		{"a-0", ID{"a", 0}},
		{"0-1", ID{"0", 1}},
		{"abcdefghijk-18446744073709551615", ID{"abcdefghijk", math.MaxUint64}},
	} {
		got, err := ParseID(tt.in)
		if err != nil || got != tt.want || got.String() != tt.in {
			t.Errorf("ParseID(%q) = %v, %v", tt.in, got, err)
		}
	}
	for _, in := range []string{
		"", "-", "a-", "-1", "1", "a", "a-01", "a-+1", "a--1", "a- 1", "a-1 ", " a-1", "a-1-2", "A-1", "a_b-1", "é-1",
		"abcdefghijkl-1", "a-18446744073709551616", "a-1\n", "a-0x1", "a-1e3", "a-1_0", "a-\uff11", "a\x00-1",
		strings.Repeat("9", 100000),
	} {
		if got, err := ParseID(in); !errors.Is(err, ErrBadID) || got != (ID{}) {
			t.Errorf("ParseID(%.30q) = %v, %v; want ErrBadID", in, got, err)
		} else if len(err.Error()) > 300 {
			t.Errorf("ParseID(%.30q) echoes %d bytes", in, len(err.Error()))
		}
	}
}

func FuzzParseID(f *testing.F) {
	for _, s := range []string{"7k3q-1042", "a-0", "a-01", "a--1", "-", "A-1", "abcdefghijk-18446744073709551615"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ParseID(s)
		if err != nil {
			if !errors.Is(err, ErrBadID) {
				t.Errorf("ParseID(%q): %v", s, err)
			}
			return
		}
		if id.String() != s || len(s) > 32 || strings.ContainsAny(s, "\r\n\x00 ") {
			t.Errorf("ParseID(%q) = %v", s, id)
		}
	})
}
