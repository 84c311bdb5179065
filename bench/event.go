package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
)

// The data of a published event: one JSON object whose fields stand at fixed places, so that
// the generator reads them without a JSON parser, some millions of times a second. Numbers are
// written in letters, four bits each.
const eventStart = `{"k":"k00000","from":"aaaaaaaa","n":"aaaaaaaa","t":"aaaaaaaaaaaaaaaa","pad":"`

const eventEnd = `"}`

// Places of the fields in eventStart.
const (
	keyAt  = 6
	keyLen = 6
	fromAt = 22 // run and source
	seqAt  = 37
	sentAt = 52
)

// leastSize is the shortest event data in bytes.
const leastSize = len(eventStart) + len(eventEnd)

// An event is what the generator puts into the data that it publishes.
type event struct {
	key    int    // 0 to 99,999: the value of field k
	run    uint16 // tells this generator's events from older ones in a snapshot
	source uint8  // the publisher that sent it
	seq    uint32 // rises by one with each event of this publisher; the first is 1
	sent   int64  // when it was meant to be sent, in nanoseconds since the generator began
}

// newEventData returns size bytes of data to be filled by put; size is at least leastSize.
func newEventData(size int) []byte {
	return []byte(eventStart + strings.Repeat("x", size-leastSize) + eventEnd)
}

// put writes e into data made by newEventData.
func (e event) put(data []byte) {
	putLetters(data[fromAt:], uint32(e.run)<<16|uint32(e.source))
	putLetters(data[seqAt:], e.seq)
	putLetters(data[sentAt:], uint32(e.sent>>32))
	putLetters(data[sentAt+8:], uint32(e.sent))
	key := e.key
	for i := keyAt + keyLen - 1; i > keyAt; i-- {
		data[i] = byte('0' + key%10)
		key /= 10
	}
}

// keyName returns the value of field k for key.
func keyName(key int) string { return fmt.Sprintf("k%05d", key) }

var dataField = []byte("\ndata: ")

// eventOf reads the event that a frame carries as its last line, size bytes of data long. It
// is false for any other frame: heartbeats, snapshots of other runs, words of the server.
// The key is not read.
func eventOf(frame []byte, size int, run uint16) (e event, ok bool) {
	at := len(frame) - len("\n\n") - size
	if at < len(dataField) || !bytes.Equal(frame[at-len(dataField):at], dataField) || frame[at] != '{' || frame[at+size-1] != '}' {
		return event{}, false
	}
	data := frame[at : at+size]
	from := letters(data[fromAt:])
	if uint16(from>>16) != run {
		return event{}, false
	}
	return event{
		run:    run,
		source: uint8(from),
		seq:    letters(data[seqAt:]),
		sent:   int64(letters(data[sentAt:]))<<32 | int64(letters(data[sentAt+8:])),
	}, true
}

// putLetters writes v into the first eight bytes of dst.
func putLetters(dst []byte, v uint32) {
	for i := 7; i >= 0; i-- {
		dst[i] = 'a' + byte(v&15)
		v >>= 4
	}
}

// letters reads what putLetters wrote, all eight at once.
func letters(src []byte) uint32 {
	x := binary.BigEndian.Uint64(src) - 0x6161616161616161
	x = (x | x>>4) & 0x00ff00ff00ff00ff
	x = (x | x>>8) & 0x0000ffff0000ffff
	return uint32(x | x>>16)
}
