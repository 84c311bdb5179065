package feeds

import (
	"container/list"
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

// key is the part of a mark that says which item it is.
func (m mark) key() mark { return mark{topic: m.topic, id: m.id} }

// recent remembers the content last published under each id.
type recent struct {
	mu    sync.Mutex             // guards the fields below
	known map[mark]*list.Element // by key
	order *list.List             // of mark, the one seen last in front
}

func newRecent() *recent {
	return &recent{known: make(map[mark]*list.Element), order: list.New()}
}

// add notes m and reports whether it is new, or known with other content. An item
// without an id is always new.
func (r *recent) add(m mark) bool {
	if m.id == "" {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.known[m.key()]; e != nil {
		old := e.Value.(mark)
		e.Value = m
		r.order.MoveToFront(e)
		return old.content != m.content
	}
	r.known[m.key()] = r.order.PushFront(m)
	if r.order.Len() > maxRecent {
		oldest := r.order.Remove(r.order.Back()).(mark)
		delete(r.known, oldest.key())
	}
	return true
}

// forget removes what is known of m's id: it was not stored, or was withdrawn.
func (r *recent) forget(m mark) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.known[m.key()]; e != nil {
		r.order.Remove(e)
		delete(r.known, m.key())
	}
}
