package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"strings"
	"syscall"
)

// together checks what the options say together, and the files that they name: a
// start would be refused for it. It notes the mistakes of the file and returns those of
// other places.
func (d *decoder) together(in Inputs, cfg *Config) []string {
	var outside []string
	fail := func(name, format string, args ...any) {
		if cfg.origins[name] == "file" {
			d.fail(d.given[name], name+": "+format, args...)
			return
		}
		outside = append(outside, cfg.spelling(name)+": "+fmt.Sprintf(format, args...))
	}
	if sameAddress(cfg.Listen, cfg.Admin) {
		name, other := "admin", "listen"
		if cfg.origins["admin"] == "" { // whoever changed one did not think of the other
			name, other = other, name
		}
		fail(name, "%s and the address of %s, %s, are the same; want two", cfg.address(name), other, cfg.address(other))
	}
	if in.Stat != nil {
		info, err := in.Stat(cfg.Data)
		if errors.Is(err, syscall.ENOTDIR) || err == nil && !info.IsDir() {
			fail("data", "%s is not a folder", quoted(cfg.Data))
		}
	}
	before := len(outside) + len(d.mistakes)
	pair := [2][]byte{}
	for i, file := range [2]struct{ name, path, other, without string }{
		{"tls_cert", cfg.TLSCert, "tls_key", cfg.TLSKey}, {"tls_key", cfg.TLSKey, "tls_cert", cfg.TLSCert},
	} {
		if file.path == "" {
			continue
		}
		if file.without == "" {
			fail(file.name, "a certificate and its key belong together; want %s too", file.other)
		}
		var err error
		if pair[i], err = in.ReadFile(file.path); err != nil {
			fail(file.name, "%s cannot be read: %v", quoted(file.path), withoutPath(err))
		}
	}
	if cfg.TLSCert != "" && before == len(outside)+len(d.mistakes) {
		if _, err := tls.X509KeyPair(pair[0], pair[1]); err != nil {
			fail("tls_cert", "with tls_key: %s", strings.TrimPrefix(err.Error(), "tls: "))
		}
	}
	return outside
}

// spelling returns the name of an option in the place where its value comes from.
func (c *Config) spelling(name string) string {
	o := option{name: name}
	switch c.origins[name] {
	case "flag":
		return "--" + o.flag()
	case "environment":
		return o.variable()
	}
	return name
}

func (c *Config) address(name string) string {
	if name == "admin" {
		return c.Admin
	}
	return c.Listen
}

// sameAddress reports whether two listeners would be in each other's way. A host that
// stands for all addresses stands for the other's too.
func sameAddress(a, b string) bool {
	hostA, portA, errA := net.SplitHostPort(a)
	hostB, portB, errB := net.SplitHostPort(b)
	if errA != nil || errB != nil || portA != portB || portA == "0" {
		return false
	}
	all := func(host string) bool {
		ip, err := netip.ParseAddr(host)
		return host == "" || err == nil && ip.IsUnspecified()
	}
	return all(hostA) || all(hostB) || strings.EqualFold(hostA, hostB)
}

// withoutPath is an error without the file's name, where that stands in front already.
func withoutPath(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
