package topics

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestListening(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newMemLog(), Options{})
		if r.Listening("news", "stock") {
			t.Error("somebody listens on a new bus")
		}
		reader := r.join("stock.A")
		if !r.Listening("news", "stock") || r.Listening("news") || r.Listening() {
			t.Error("a reader of stock.A listens to stock, and to stock alone")
		}
		reader.Close()
		if r.Listening("stock") {
			t.Error("a reader who has left listens")
		}
		r.Read(Request{Filter: r.filter("news")}, 1)
		if !r.Listening("news") {
			t.Error("who asked does not count")
		}
		time.Sleep(11 * time.Minute)
		if r.Listening("news") {
			t.Error("who asked counts for ever")
		}
	})
}
