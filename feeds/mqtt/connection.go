package mqtt

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/eclipse/paho.golang/packets"

	"tickertape/feeds"
)

const (
	maxPacket   = 256 << 10
	keepAlive   = 30 * time.Second // promised to the broker, and how long it may be silent
	pingEvery   = 20 * time.Second
	writeTime   = 10 * time.Second
	goodbyeTime = 500 * time.Millisecond
	busyPause   = 30 * time.Second // when the broker says that it is busy
)

// A connection is one to a broker. Packets are read on one goroutine; they may be
// written on any.
type connection struct {
	net.Conn
	reader *bufio.Reader

	mu sync.Mutex // guards writing
}

// connect opens a connection and logs in. A failure to connect is the network's or a
// person's to mend; the error says which.
func (f *feed) connect(ctx context.Context) (*connection, error) {
	limit := max(f.env.Timeout, time.Second)
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	raw, err := f.dial(ctx)
	if err != nil {
		err = fmt.Errorf("connect to %s: %w", f.address, err)
		var wrong *tls.CertificateVerificationError
		if errors.As(err, &wrong) {
			return nil, feeds.NeedsAttention(err, "if the broker has an authority of its own, set ca to its certificate")
		}
		return nil, err
	}
	c := &connection{Conn: raw, reader: bufio.NewReader(raw)}
	stop := context.AfterFunc(ctx, func() { raw.Close() })
	err = f.logIn(c)
	if !stop() {
		err = fmt.Errorf("log in at %s: no answer within %s", f.address, limit)
	}
	if err != nil {
		raw.Close()
		return nil, err
	}
	return c, nil
}

// logIn says who we are and waits for the answer.
func (f *feed) logIn(c *connection) error {
	id := f.opts.ClientID
	if id == "" {
		// A new one each time: two servers with one configuration must not throw each
		// other out, nor a connection that the broker still takes for alive this one.
		id = "tickertape-" + strings.ToLower(rand.Text()[:12])
	}
	size := uint32(maxPacket)
	hello := packets.NewControlPacket(packets.CONNECT)
	content := hello.Content.(*packets.Connect)
	content.ClientID = id
	content.CleanStart = true
	content.KeepAlive = uint16(keepAlive / time.Second)
	content.Properties.MaximumPacketSize = &size
	if f.opts.Username != "" {
		content.UsernameFlag, content.Username = true, f.opts.Username
	}
	if f.opts.Password != "" {
		content.PasswordFlag, content.Password = true, []byte(f.opts.Password)
	}
	if err := c.send(hello); err != nil {
		return fmt.Errorf("log in at %s: %w", f.address, err)
	}
	p, err := c.receive(f.env.Timeout + keepAlive) // connect is the one to give up
	if err != nil {
		return fmt.Errorf("log in at %s: %w", f.address, err)
	}
	switch answer := p.Content.(type) {
	case *packets.Connack:
		if answer.ReasonCode >= 0x80 {
			return f.refusal("log in", answer.ReasonCode, answer.Reason(), answer.Properties)
		}
		return nil
	case *packets.Disconnect:
		return f.refusal("log in", answer.ReasonCode, answer.Reason(), answer.Properties)
	}
	return fmt.Errorf("log in at %s: it answered %s", f.address, p.PacketType())
}

// errOldBroker is the answer of a broker that does not know MQTT 5.
var errOldBroker = errors.New("it speaks an older MQTT than 5")

// refusal is what a reason code of the broker asks for.
func (f *feed) refusal(what string, code byte, reason string, more *packets.Properties) error {
	if more != nil && more.ReasonString != "" {
		reason = more.ReasonString
	}
	err := fmt.Errorf("%s at %s: refused (0x%02x %.200s)", what, f.address, code, reason)
	switch code {
	case packets.ConnackBadUsernameOrPassword, packets.ConnackNotAuthorized, packets.ConnackBadAuthenticationMethod, packets.ConnackBanned:
		return feeds.NeedsAttention(err, "check username and password, and what the broker allows this user")
	case packets.ConnackUnsupportedProtocolVersion:
		return oldBroker(err)
	case packets.ConnackInvalidClientID:
		return feeds.NeedsAttention(err, "the broker wants a certain client_id")
	case packets.DisconnectSessionTakenOver:
		return feeds.NeedsAttention(err, "another client uses the same client_id: leave the option out, or give each its own")
	case packets.ConnackServerBusy, packets.ConnackServerUnavailable, packets.ConnackConnectionRateExceeded, packets.ConnackQuotaExceeded:
		return feeds.RetryAfter(busyPause, err)
	}
	return err
}

func oldBroker(err error) error {
	return feeds.NeedsAttention(err, "use a broker that speaks MQTT 5, as current ones do, or a program that speaks the older one with the kind exec")
}

// send writes a packet within ten seconds.
func (c *connection) send(p *packets.ControlPacket) error { return c.sendWithin(p, writeTime) }

func (c *connection) sendWithin(p *packets.ControlPacket, d time.Duration) error {
	var whole bytes.Buffer
	if _, err := p.WriteTo(&whole); err != nil {
		return fmt.Errorf("encode %s: %w", p.PacketType(), err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.SetWriteDeadline(time.Now().Add(d)); err != nil {
		return fmt.Errorf("write %s: %w", p.PacketType(), err)
	}
	if _, err := c.Write(whole.Bytes()); err != nil {
		return fmt.Errorf("write %s: %w", p.PacketType(), err)
	}
	return nil
}

// receive reads the next packet, which must be there within d.
func (c *connection) receive(d time.Duration) (*packets.ControlPacket, error) {
	if err := c.SetReadDeadline(time.Now().Add(d)); err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	whole, err := readWhole(c.reader)
	var late net.Error
	switch {
	case errors.As(err, &late) && late.Timeout():
		return nil, fmt.Errorf("the broker is silent for %s: the connection hangs", d)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.ErrClosedPipe), errors.Is(err, net.ErrClosed):
		return nil, errors.New("the broker closed the connection")
	case err != nil:
		return nil, fmt.Errorf("read: %w", err)
	}
	return parse(whole)
}

// parse decodes one packet. A panic of the library on broken input is an error: the
// broker's bytes are not ours.
func parse(whole []byte) (p *packets.ControlPacket, err error) {
	if whole[0]>>4 == packets.CONNACK && len(whole) == 4 {
		return nil, oldBroker(errOldBroker) // one of MQTT 5 has properties
	}
	defer func() {
		if recover() != nil {
			p, err = nil, errors.New("the broker sent a broken packet")
		}
	}()
	if p, err = packets.ReadPacket(bytes.NewReader(whole)); err != nil {
		return nil, fmt.Errorf("the broker sent a broken packet: %w", err)
	}
	return p, nil
}

// readWhole reads the bytes of one packet, at most maxPacket of them.
func readWhole(r *bufio.Reader) ([]byte, error) {
	first, err := r.ReadByte()
	if err != nil {
		return nil, err
	}
	whole := []byte{first}
	length := 0
	for shift := 0; ; shift += 7 {
		b, err := r.ReadByte()
		if err != nil {
			return nil, err
		}
		whole = append(whole, b)
		length |= int(b&0x7f) << shift
		if b < 0x80 {
			break
		}
		if shift >= 21 {
			return nil, errors.New("that is no MQTT: the length of a packet has more than four bytes")
		}
	}
	if length > maxPacket {
		return nil, fmt.Errorf("a packet has %d bytes, at most %d are taken", length, maxPacket)
	}
	head := len(whole)
	whole = append(whole, make([]byte, length)...)
	_, err = io.ReadFull(r, whole[head:])
	return whole, err
}

// goodbye ends the connection, so that the broker does not take us for lost.
func (c *connection) goodbye() {
	_ = c.sendWithin(packets.NewControlPacket(packets.DISCONNECT), goodbyeTime) // it is closed in any case
	c.Close()
}
