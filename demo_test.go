package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
)

// A demo without a configuration: the simulated feeds print, the pages are there, and
// whoever reaches the page writes on chat, and nowhere else.
func TestDemo(t *testing.T) {
	ctx := testContext(t)
	inv, err := parse(Inputs{
		Args:     []string{"--demo", "--listen", "127.0.0.1:0", "--admin", "", "--data", t.TempDir()},
		ReadFile: os.ReadFile,
		Kinds:    feedKinds(),
	})
	if err != nil {
		t.Fatal(err)
	}
	address, _ := startServer(t, &inv.Config)
	c := &client{t: t, url: address + "/latest?type=random,clock,stock,weather,news,chat"}
	if err := c.open(ctx); err != nil {
		t.Fatal(err)
	}
	defer c.close()
	missing := map[string]bool{"clock": true, "stock": true, "weather": true, "news": true}
	for len(missing) > 0 {
		e, err := c.next()
		if err != nil {
			t.Fatalf("still waiting for %v: %v", missing, err)
		}
		delete(missing, e.Type)
	}
	for topic, status := range map[string]int{"chat": 201, "news": 401} {
		if got := postWithoutKey(ctx, t, address, topic, `{"text":"hello"}`); got != status {
			t.Errorf("writing on %s without a key: %d; want %d", topic, got, status)
		}
	}
	if e := c.until("chat"); !strings.Contains(string(e.Data), "hello") {
		t.Errorf("chat: %s", e.Data)
	}
	res, err := http.Get(address + "/")
	if err != nil {
		t.Fatal(err)
	}
	page, _ := io.ReadAll(res.Body)
	res.Body.Close()
	if res.StatusCode != 200 || !strings.Contains(strings.ToLower(string(page)), "<!doctype html>") {
		t.Errorf("the page: %s", res.Status)
	}
}

// postWithoutKey publishes as a page of the server does and returns the status.
func postWithoutKey(ctx context.Context, t *testing.T, address, topic, body string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, "POST", address+"/latest/"+topic, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Origin", address)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode
}
