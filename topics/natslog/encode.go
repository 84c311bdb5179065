package natslog

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"tickertape/topics"
)

// On the server an event is a message: its topic is the end of the subject, its
// data the payload. All else is in one header, so that the client has one line to
// parse; an event that has nothing else has no header. The line is a list of
// fields with spaces between them, each one letter, '=' and a value, in any order:
//
//	k  key, escaped               o  1 for Retract         g  target
//	x  expires, Unix nanoseconds  t  1 for text
//	i  idempotency key, escaped   h  its hash   n  its count   p  its index
//
// and in the checkpoint alone, where the message's own place and time are others:
//
//	s  place   a  time, Unix nanoseconds   d  1 for a value that is gone
const header = "Tape"

const (
	tapePrefix  = "tickertape.tape."
	valuePrefix = "tickertape.value."
	uptoSubject = valuePrefix + "_upto" // no topic begins with '_'
)

// maxIdempotencyKey bounds what one event can carry in its header.
const maxIdempotencyKey = 1024

// overhead is more than the subject and the headers of any event take.
const overhead = 8 << 10

// encodeEvent returns the message that stores e on the tape.
func encodeEvent(e *topics.Event) (*nats.Msg, error) {
	if !validToken(e.Topic) {
		return nil, fmt.Errorf("%.80q cannot be the topic of an event", e.Topic)
	}
	if len(e.Data) > topics.MaxData {
		return nil, fmt.Errorf("%w: %d bytes of data; at most %d", topics.ErrTooLarge, len(e.Data), topics.MaxData)
	}
	if len(e.Key) > topics.MaxKey {
		return nil, fmt.Errorf("%w: a key of %d bytes; at most %d", topics.ErrTooLarge, len(e.Key), topics.MaxKey)
	}
	if len(e.Idempotency.Key) > maxIdempotencyKey {
		return nil, fmt.Errorf("%w: an idempotency key of %d bytes; at most %d", topics.ErrTooLarge, len(e.Idempotency.Key), maxIdempotencyKey)
	}
	m := &nats.Msg{Subject: tapePrefix + e.Topic, Data: e.Data}
	if line := appendFields(nil, e); len(line) > 0 {
		m.Header = nats.Header{header: {string(line)}}
	}
	return m, nil
}

// encodeValue returns the message that stores e in the checkpoint.
func encodeValue(e *topics.Event) (*nats.Msg, error) {
	if !validToken(e.Topic) {
		return nil, fmt.Errorf("%.80q cannot be the topic of a value", e.Topic)
	}
	line := appendFields(nil, e)
	line = appendNumber(line, 'a', e.Time.UnixNano())
	line = appendNumber(line, 's', e.Seq)
	return &nats.Msg{Subject: valueSubject(e), Header: nats.Header{header: {string(line)}}, Data: e.Data}, nil
}

// encodeGone returns the message that takes the place of the value that e is about,
// as of the place at.
func encodeGone(e *topics.Event, at uint64) (*nats.Msg, error) {
	if !validToken(e.Topic) {
		return nil, fmt.Errorf("%.80q cannot be the topic of a value", e.Topic)
	}
	line := appendNumber(appendNumber(nil, 'd', 1), 's', at)
	return &nats.Msg{Subject: valueSubject(e), Header: nats.Header{
		header:     {string(line)},
		messageTTL: {goneTime.String()},
	}}, nil
}

// valueSubject is where the checkpoint keeps the value that e is about: a key's,
// or, of an event without a key, its own.
func valueSubject(e *topics.Event) string {
	if e.Key == "" {
		seq := e.Seq
		if e.Target != 0 {
			seq = e.Target
		}
		return valuePrefix + e.Topic + ".s." + strconv.FormatUint(seq, 10)
	}
	return valuePrefix + e.Topic + ".k." + base64.RawURLEncoding.EncodeToString([]byte(e.Key))
}

func appendFields(dst []byte, e *topics.Event) []byte {
	if e.Key != "" {
		dst = appendText(dst, 'k', e.Key)
	}
	if e.Op != topics.Put {
		dst = appendNumber(dst, 'o', e.Op)
	}
	if e.Target != 0 {
		dst = appendNumber(dst, 'g', e.Target)
	}
	if !e.Expires.IsZero() {
		dst = appendNumber(dst, 'x', e.Expires.UnixNano())
	}
	if e.Text {
		dst = appendNumber(dst, 't', 1)
	}
	if e.Idempotency != (topics.Idempotency{}) {
		dst = appendText(dst, 'i', e.Idempotency.Key)
		dst = appendNumber(dst, 'h', e.Idempotency.Hash)
		dst = appendNumber(dst, 'n', e.Idempotency.Count)
		dst = appendNumber(dst, 'p', e.Idempotency.Index)
	}
	return dst
}

func appendName(dst []byte, name byte) []byte {
	if len(dst) > 0 {
		dst = append(dst, ' ')
	}
	return append(dst, name, '=')
}

func appendNumber[N uint8 | uint64 | int64 | int | topics.Op](dst []byte, name byte, n N) []byte {
	dst = appendName(dst, name)
	if n < 0 {
		return strconv.AppendInt(dst, int64(n), 10)
	}
	return strconv.AppendUint(dst, uint64(n), 10)
}

// appendText writes s with all but the visible ASCII characters escaped as %XX.
// A header's ends are trimmed on the way, and its line must stay one.
func appendText(dst []byte, name byte, s string) []byte {
	dst = appendName(dst, name)
	const hex = "0123456789ABCDEF"
	for i := range len(s) {
		if c := s[i]; c > ' ' && c < 0x7f && c != '%' {
			dst = append(dst, c)
		} else {
			dst = append(dst, '%', hex[c>>4], hex[c&15])
		}
	}
	return dst
}

var errEscape = errors.New("broken escape")

func unescape(s string) (string, error) {
	at := strings.IndexByte(s, '%')
	if at < 0 {
		return s, nil
	}
	out := append(make([]byte, 0, len(s)), s[:at]...)
	for ; at < len(s); at++ {
		c := s[at]
		if c == '%' {
			if at+2 >= len(s) {
				return "", errEscape
			}
			n, err := strconv.ParseUint(s[at+1:at+3], 16, 8)
			if err != nil {
				return "", errEscape
			}
			c, at = byte(n), at+2
		}
		out = append(out, c)
	}
	return string(out), nil
}

// decodeEvent reads a message of the tape into e; the caller sets Seq and Time. The
// event shares the message's bytes.
func decodeEvent(e *topics.Event, subject string, h nats.Header, data []byte) error {
	e.Topic, e.Data = strings.TrimPrefix(subject, tapePrefix), data
	_, err := decodeFields(e, h)
	return err
}

// decodeValue reads a message of the checkpoint into e. The event shares its bytes.
func decodeValue(e *topics.Event, subject string, h nats.Header, data []byte) (gone bool, err error) {
	e.Topic, _, _ = strings.Cut(strings.TrimPrefix(subject, valuePrefix), ".")
	e.Data = data
	return decodeFields(e, h)
}

func decodeFields(e *topics.Event, h nats.Header) (gone bool, err error) {
	lines := h[header]
	if len(lines) == 0 {
		return false, nil
	}
	for field := range strings.SplitSeq(lines[0], " ") {
		if len(field) < 2 || field[1] != '=' {
			return false, fmt.Errorf("field %.40q of an event is damaged", field)
		}
		if err := decodeField(e, &gone, field[0], field[2:]); err != nil {
			return false, fmt.Errorf("field %.40q of an event: %w", field, err)
		}
	}
	return gone, nil
}

func decodeField(e *topics.Event, gone *bool, name byte, text string) (err error) {
	switch name {
	case 'k':
		e.Key, err = unescape(text)
		return err
	case 'i':
		e.Idempotency.Key, err = unescape(text)
		return err
	case 'x', 'a':
		ns, err := strconv.ParseInt(text, 10, 64)
		if name == 'x' {
			e.Expires = time.Unix(0, ns).UTC()
		} else {
			e.Time = time.Unix(0, ns).UTC()
		}
		return err
	}
	n, err := strconv.ParseUint(text, 10, 64)
	switch name {
	case 'o':
		e.Op = topics.Op(n)
	case 'g':
		e.Target = n
	case 't':
		e.Text = n == 1
	case 'h':
		e.Idempotency.Hash = n
	case 'n':
		e.Idempotency.Count = int(n)
	case 'p':
		e.Idempotency.Index = int(n)
	case 's':
		e.Seq = n
	case 'd':
		*gone = n == 1
	}
	return err // a letter that we do not know is a later version's
}

// validToken reports whether s can be one token of a subject.
func validToken(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '.' || c == '*' || c == '>' {
			return false
		}
	}
	return true
}
