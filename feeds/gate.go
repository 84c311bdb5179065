package feeds

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// A gate keeps requests away from private addresses: a source, or whoever answers for
// its name, must not make us ask the machines around us.
type gate struct {
	open  bool // it keeps away from nothing
	proxy func(*http.Request) (*url.URL, error)
}

// errPrivate is in the error of a request that the gate refused.
var errPrivate = errors.New("it is a private address")

const privateHint = "a feed may ask a private host only if its own address names it; the option private_sources allows all"

// gated is what a dial must know of its request; without it nothing private is dialled.
type gated struct {
	private bool // the host may be private
	literal bool // and may even be a link-local one, where clouds keep their secrets
	proxied bool // a proxy is dialled, which the operator named
}

type gateKey struct{}

// admit refuses requests that no feed may make, and returns the context for the others.
func (g *gate) admit(req *http.Request) (context.Context, error) {
	if req.URL.Scheme != "http" && req.URL.Scheme != "https" {
		return nil, NeedsAttention(fmt.Errorf("scheme %.20q: want http or https", req.URL.Scheme), "check the address")
	}
	first := req
	for first.Response != nil && first.Response.Request != nil {
		first = first.Response.Request
	}
	host, named := req.URL.Hostname(), first.URL.Hostname()
	state := gated{private: g.open, literal: g.open}
	if strings.EqualFold(host, named) {
		state.private = g.open || namesPrivate(host)
		_, err := netip.ParseAddr(host)
		state.literal = g.open || err == nil
	}
	if !state.private && namesPrivate(host) {
		return nil, NeedsAttention(fmt.Errorf("redirected to %s: %w", host, errPrivate), privateHint)
	}
	if g.proxy != nil {
		proxy, err := g.proxy(req)
		if err != nil {
			return nil, fmt.Errorf("find a proxy: %w", err)
		}
		state.proxied = proxy != nil
	}
	return context.WithValue(req.Context(), gateKey{}, state), nil
}

// namesPrivate reports whether a host's name says that it is a private one.
func namesPrivate(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if at := strings.IndexByte(host, '%'); at >= 0 {
		host = host[:at] // the zone of an IPv6 address
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return isPrivate(ip)
	}
	if !strings.Contains(host, ".") {
		return true // localhost, and the machines of a local network
	}
	for _, end := range [...]string{".localhost", ".local", ".internal", ".lan", ".home.arpa"} {
		if strings.HasSuffix(host, end) {
			return true
		}
	}
	return false
}

// reserved are the networks, besides those that netip knows, where no public source is.
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"), // shared by carriers
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), // benchmarks
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("fec0::/10"),
}

// embedding are the IPv6 networks that stand for an IPv4 address, and at which of their bytes.
var embedding = map[netip.Prefix]int{
	netip.MustParsePrefix("64:ff9b::/96"): 12,
	netip.MustParsePrefix("2002::/16"):    2,
	netip.MustParsePrefix("::/96"):        12,
}

// isPrivate reports whether an address is not one of the public internet.
func isPrivate(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	if !ip.IsGlobalUnicast() || ip.IsPrivate() {
		return true
	}
	for _, network := range reserved {
		if network.Contains(ip) {
			return true
		}
	}
	for network, at := range embedding {
		if network.Contains(ip) {
			raw := ip.As16()
			return isPrivate(netip.AddrFrom4([4]byte(raw[at : at+4])))
		}
	}
	return false
}

// isLocalLink reports whether an address is on the link alone; clouds answer there
// with the machine's credentials.
func isLocalLink(ip netip.Addr) bool {
	ip = ip.Unmap()
	return ip.IsLinkLocalUnicast() || ip == netip.AddrFrom16([16]byte{0xfd, 0x00, 0x0e, 0xc2, 14: 0x02, 15: 0x54})
}

// control is called with the address that is about to be dialled, after its name was
// resolved: what is checked is what is used.
func (g *gate) control(ctx context.Context, _, address string, _ syscall.RawConn) error {
	state, _ := ctx.Value(gateKey{}).(gated)
	if state.proxied || g.open {
		return nil
	}
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("dial %s: %w", address, err)
	}
	ip := target.Addr()
	if isPrivate(ip) && !state.private || isLocalLink(ip) && !state.literal {
		return NeedsAttention(fmt.Errorf("dial %s: %w", ip, errPrivate), privateHint)
	}
	return nil
}

// transport returns what reaches the network.
func (g *gate) transport() *http.Transport {
	dialer := &net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second, ControlContext: g.control}
	return &http.Transport{
		Proxy:                  g.proxy,
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    10 * time.Second,
		MaxIdleConns:           64,
		MaxIdleConnsPerHost:    maxInFlight,
		IdleConnTimeout:        90 * time.Second,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: 256 << 10,
	}
}
