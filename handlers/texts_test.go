package handlers

import (
	"strings"
	"testing"
)

// What a newcomer gets wrong first is answered with what would be right.
func TestAnswersSayWhatToDo(t *testing.T) {
	s := start(t, setup{})
	key := "Authorization: Bearer " + publishKey
	for _, tt := range []struct {
		method, path, body, header string
		status                     int
		says                       string
	}{
		{"POST", "/latest/news", `{"title":"x"}`, "", 401, "the key is in the file publish-key of the data folder, unless its operator set another"},
		{"POST", "/latest", `{"title":"x"}`, key, 405, "POST /latest/TOPIC"},
		{"PUT", "/latest", "", key, 405, "PUT is not possible here"},
		{"POST", "/latest/stock", `{"price":"1"}`, key, 400, `the field "symbol" is missing; it is the key of topic "stock"`},
		{"DELETE", "/latest/chat", "", key, 404, "give the id of the event, as in /latest/chat/7k3q-1042"},
		{"DELETE", "/latest/stock", "", key, 404, "as in /latest/stock/KEY"},
	} {
		headers := []string{}
		if tt.header != "" {
			headers = append(headers, tt.header)
		}
		if p := s.do(tt.method, tt.path, tt.body, headers...).problem(t); p.Status != tt.status || !strings.Contains(p.Detail, tt.says) {
			t.Errorf("%s %s: %d %q; want %d and %q", tt.method, tt.path, p.Status, p.Detail, tt.status, tt.says)
		}
	}
	p := s.getAdmin("/").problem(t)
	for _, address := range []string{"/metrics", "/streams", "/readyz"} {
		if p.Status != 404 || !strings.Contains(p.Detail, address) {
			t.Errorf("the admin address at /: %d %q; want 404 and %s named", p.Status, p.Detail, address)
		}
	}
}
