package feeds

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
)

// A feedMemory is what one feed knows over a restart: no address, no header, nothing
// that was configured is readable in it.
type feedMemory struct {
	Kind        string            `json:"kind"`
	Fingerprint string            `json:"fingerprint,omitempty"`
	Documents   map[string]record `json:"documents,omitempty"`
	Seen        []byte            `json:"seen,omitempty"`     // see recent.pack
	Place       *placeRecord      `json:"position,omitempty"` // how far it got in its source; nil where it has no positions
}

// Recall takes what Options.Save was given before a restart. What feeds know that were
// not added, or are of another kind, is forgotten, and so are the documents of a feed
// whose configuration changed: it may see other things in them. Call it before Run.
func (s *Supervisor) Recall(memory []byte) error {
	var known map[string]feedMemory
	if err := json.Unmarshal(memory, &known); err != nil {
		return fmt.Errorf("recall what feeds know: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.started {
		return errors.New("recall what feeds know: the supervisor is running")
	}
	for _, r := range s.runners {
		m, ok := known[r.env.ID]
		if !ok || m.Kind != r.spec.Kind {
			continue
		}
		r.place.recall(m.Place)
		if r.visitor == nil {
			continue
		}
		r.recent.unpack(m.Seen)
		if m.Fingerprint == r.env.Fingerprint {
			r.visitor.recall(m.Documents)
		}
	}
	return nil
}

// save hands over what the feeds know, if that changed.
func (s *Supervisor) save() {
	if s.opts.Save == nil {
		return
	}
	changed := false
	for _, r := range s.runners {
		moved := r.place.changed()
		if moved || r.visitor != nil && r.visitor.changed() {
			changed = true
		}
	}
	if !changed {
		return
	}
	all := make(map[string]feedMemory)
	for _, r := range s.runners {
		m := feedMemory{Kind: r.spec.Kind, Fingerprint: r.env.Fingerprint, Place: r.place.record()}
		// The documents before the items: a document is known only once its items are.
		if r.visitor != nil {
			m.Documents = r.visitor.records()
		}
		if len(m.Documents) > 0 {
			m.Seen = r.recent.pack()
		}
		if m.Place != nil || len(m.Documents) > 0 {
			all[r.env.ID] = m
		}
	}
	text, err := json.Marshal(all)
	if err == nil {
		err = s.opts.Save(text)
	}
	if (err != nil) != s.unsaved {
		s.unsaved = err != nil
		if err != nil {
			s.opts.Logger.Warn("what feeds know is not kept over a restart", "error", err)
		} else {
			s.opts.Logger.Info("what feeds know is kept again")
		}
	}
}

// changed reports whether there is something to save, once.
func (v *visitor) changed() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	dirty := v.dirty
	v.dirty = false
	return dirty
}

// records returns what is to be remembered of each address.
func (v *visitor) records() map[string]record {
	v.mu.Lock()
	defer v.mu.Unlock()
	all := make(map[string]record, len(v.visits))
	for key, s := range v.visits {
		all[key] = s.record
	}
	return all
}

// recall takes what records returned.
func (v *visitor) recall(known map[string]record) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for key, r := range maps.All(known) {
		if len(v.visits) < maxVisits {
			v.visits[key] = &visit{record: r}
		}
	}
}

// pack returns the memory of stored items as bytes: 16 for each, the one seen last first.
func (r *recent) pack() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []byte
	for e := r.order.Front(); e != nil; e = e.Next() {
		m := e.Value.(entry)
		if m.open {
			continue
		}
		out = binary.BigEndian.AppendUint64(out, m.key)
		out = binary.BigEndian.AppendUint64(out, m.content)
	}
	return out
}

// unpack takes what pack returned.
func (r *recent) unpack(packed []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for ; len(packed) >= 16 && r.order.Len() < maxRecent; packed = packed[16:] {
		m := entry{key: binary.BigEndian.Uint64(packed), content: binary.BigEndian.Uint64(packed[8:])}
		if r.known[m.key] == nil {
			r.known[m.key] = r.order.PushBack(m)
		}
	}
}
