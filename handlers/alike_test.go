package handlers

import (
	"net/http"
	"testing"
)

// An address names its topic even if the name is empty, and is not taken for another
// one that reads alike.
func TestAddressesThatReadAlike(t *testing.T) {
	s := start(t, setup{})
	for path, want := range map[string]int{
		"/latest//A":        http.StatusNotFound,
		"/latest/stock.A/b": http.StatusNotFound,
	} {
		if a := s.get("/latest/stock/A.b", "Accept: application/json"); a.StatusCode != http.StatusOK {
			t.Fatalf("/latest/stock/A.b: %d", a.StatusCode)
		}
		if a := s.get(path, "Accept: application/json"); a.StatusCode != want {
			t.Errorf("%s: status %d; want %d", path, a.StatusCode, want)
		}
	}
}

func TestGivenTwiceUnderTwoNames(t *testing.T) {
	s := start(t, setup{})
	if p := s.get("/latest?last_event_id=mem-1&lastEventId=mem-2").problem(t); p.Status != 400 || p.Parameter != "lastEventId" {
		t.Errorf("two positions: %+v", p)
	}
	if p := s.post("/latest/news", "application/json", `{"id":"a"}`, "Idempotency-Key: 1", "Idempotency-Key: 2").problem(t); p.Status != 400 {
		t.Errorf("two idempotency keys: %+v", p)
	}
	if p := s.get("/latest?type=stock.").problem(t); p.Status != 400 || p.Parameter != "type" {
		t.Errorf("an empty key: %+v", p)
	}
	if p := s.post("/latest/stock", "application/json", `{"symbol":"\ud800"}`).problem(t); p.Status != 400 {
		t.Errorf("half a character as key: %+v", p)
	}
}
