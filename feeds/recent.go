package feeds

import (
	"container/list"
	"hash/fnv"
	"io"
	"sync"
)

// maxRecent bounds the ids that are remembered of a feed. Beyond, the one that was
// seen longest ago is forgotten, and would be published again if it came back.
const maxRecent = 1000

// A mark stands for one published item.
type mark struct {
	topic, id string
	content   uint64
}

// key stands for the part of a mark that says which item it is; the same in each run.
func (m mark) key() uint64 {
	h := fnv.New64a()
	_, _ = io.WriteString(h, m.topic+"\x00"+m.id) // a hash takes everything
	return h.Sum64()
}

// An entry is what is remembered of a mark.
type entry struct {
	key, content uint64
	open         bool // it is about to be stored, and is not yet
}

// recent remembers the content last published under each id.
type recent struct {
	mu    sync.Mutex               // guards the fields below
	known map[uint64]*list.Element // by key
	order *list.List               // of entry, the one seen last in front
}

func newRecent() *recent {
	return &recent{known: make(map[uint64]*list.Element), order: list.New()}
}

// add notes m and reports whether it is new, or known with other content. An item
// without an id is always new.
func (r *recent) add(m mark) bool {
	if m.id == "" {
		return true
	}
	now := entry{m.key(), m.content, true}
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.known[now.key]; e != nil {
		old := e.Value.(entry)
		if old.content == now.content {
			now.open = old.open
		}
		e.Value = now
		r.order.MoveToFront(e)
		return old.content != now.content
	}
	r.known[now.key] = r.order.PushFront(now)
	if r.order.Len() > maxRecent {
		oldest := r.order.Remove(r.order.Back()).(entry)
		delete(r.known, oldest.key)
	}
	return true
}

// keep notes that the item of m is stored.
func (r *recent) keep(m mark) {
	key := m.key()
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.known[key]; e != nil && e.Value.(entry).content == m.content {
		e.Value = entry{key: key, content: m.content}
	}
}

// forget removes what is known of m's id: it was not stored, or was withdrawn.
func (r *recent) forget(m mark) {
	key := m.key()
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.known[key]; e != nil {
		r.order.Remove(e)
		delete(r.known, key)
	}
}
