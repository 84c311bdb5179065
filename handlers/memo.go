package handlers

import "sync"

// maxMemo is how many results a memo remembers, and maxMemoText how long, in bytes,
// the text of one may be. A memo that is full starts anew.
const (
	maxMemo     = 1024
	maxMemoText = 512
)

// A memo remembers what a pure function made of a text: thousands of displays come
// back with the same words.
type memo[V any] struct {
	mu     sync.RWMutex // guards byText
	byText map[string]V
}

// of returns what make makes of text. A failure is not remembered.
func (m *memo[V]) of(text string, make func(string) (V, error)) (V, error) {
	m.mu.RLock()
	v, known := m.byText[text]
	m.mu.RUnlock()
	if known {
		return v, nil
	}
	v, err := make(text)
	if err != nil || len(text) > maxMemoText {
		return v, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.byText == nil || len(m.byText) >= maxMemo {
		m.byText = map[string]V{}
	}
	m.byText[text] = v
	return v, nil
}
