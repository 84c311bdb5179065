package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// A server is one child under measurement.
type server struct {
	*child
	address string
	admin   string // "" for those that are not tickertape
	data    string // folder to be removed; "" for none

	ended chan struct{} // closed once tickertape has ended; nil for others
}

// configuration is the server's: nothing printed by feeds, two topics without a schema.
const configuration = `feeds: []
topics:
  - name: ` + benchTopic + `
    mode: every
    snapshot: 1
  - name: ` + keyedTopic + `
    mode: every
    key: k
    snapshot: 1
`

// A shop builds and starts servers.
type shop struct {
	folder  string // temporary; removed by close
	data    string // where the servers' logs go
	cores   []int
	self    string // this program
	binary  string // tickertape
	version string // the repository's commit
	help    string // of tickertape serve
}

// openShop builds the server unless o names one. Close it.
func openShop(ctx context.Context, o options) (_ *shop, err error) {
	s := &shop{cores: o.serverCore, binary: o.server, data: o.data}
	if s.self, err = os.Executable(); err != nil {
		return nil, err
	}
	if s.folder, err = os.MkdirTemp("", "tickertape-bench-"); err != nil {
		return nil, err
	}
	if s.data == "" {
		s.data = s.folder
	}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if err := os.WriteFile(s.path("config.yaml"), []byte(configuration), 0o600); err != nil {
		return nil, err
	}
	if s.binary == "" {
		if err := s.build(ctx); err != nil {
			return nil, err
		}
	}
	help, err := exec.CommandContext(ctx, s.binary, "help", "serve").CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("ask %s for its flags: %w", s.binary, err)
	}
	s.help = string(help)
	return s, nil
}

func (s *shop) close()                  { _ = os.RemoveAll(s.folder) }
func (s *shop) path(name string) string { return filepath.Join(s.folder, name) }

// build builds the module around this one.
func (s *shop) build(ctx context.Context) error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	s.binary = s.path("tickertape")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", s.binary, ".")
	cmd.Dir = root
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the server: %w: %s", err, said)
	}
	commit, _ := exec.CommandContext(ctx, "git", "-C", root, "describe", "--always", "--dirty").Output()
	s.version = strings.TrimSpace(string(commit))
	return nil
}

// moduleRoot looks upwards for the server's module.
func moduleRoot() (string, error) {
	folder, err := os.Getwd()
	for ; err == nil; folder = filepath.Dir(folder) {
		mod, _ := os.ReadFile(filepath.Join(folder, "go.mod"))
		if bytes.HasPrefix(mod, []byte("module tickertape\n")) {
			return folder, nil
		}
		if folder == filepath.Dir(folder) {
			return "", errors.New("no module tickertape in this folder or above: run this in the repository, or name a binary with -server")
		}
	}
	return "", err
}

// lacks says why a server cannot be measured here, "" when it can.
func (s *shop) lacks(name string) string {
	switch name {
	case byTLS:
		if !strings.Contains(s.help, "--tls-cert") {
			return "the server has no --tls-cert"
		}
	case byEpoll, byRing:
		if !strings.Contains(s.help, "--io ") {
			return "the server has no --io"
		}
	}
	if name == byRing || name == floorRing {
		if err := ringAllowed(); err != nil {
			return err.Error()
		}
	}
	return ""
}

// start starts a server and returns once it serves. Its admin listener is on.
func (s *shop) start(ctx context.Context, name, sync string) (*server, error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	bare := []string{"GODEBUG=asyncpreemptoff=1"} // its one thread has nobody to give way to
	var c *child
	switch name {
	case floor, floorBatch, floorRing:
		c, err = start(ctx, s.folder, s.cores, bare, s.self, roleArgument, floorRole, address, strings.TrimPrefix(name, floor))
	case plainGin:
		c, err = start(ctx, s.folder, s.cores, nil, s.self, roleArgument, ginRole, address)
	default:
		return s.startTickertape(ctx, name, sync, address)
	}
	if err != nil {
		return nil, err
	}
	if _, err := c.line(); err != nil {
		return nil, err
	}
	return &server{child: c, address: address}, nil
}

func (s *shop) startTickertape(ctx context.Context, name, sync, address string) (*server, error) {
	admin, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	data, err := os.MkdirTemp(s.data, "tickertape-bench-data-")
	if err != nil {
		return nil, err
	}
	v := &server{address: address, admin: admin, data: data}
	args := []string{"serve", "--config", s.path("config.yaml"), "--listen", address, "--admin", admin, "--data", data}
	if sync != "" {
		args = append(args, "--sync", sync)
	}
	more, err := s.arguments(name)
	if err == nil {
		v.child, err = start(ctx, s.folder, s.cores, []string{"TICKERTAPE_PUBLISH_KEY=" + publishKey}, s.binary, append(args, more...)...)
	}
	if err == nil {
		v.ended = make(chan struct{})
		// Ends with the process, which stop kills; stop waits for it.
		go func() {
			defer close(v.ended)
			_, _ = io.Copy(io.Discard, v.out)
		}()
		err = v.await(ctx)
	}
	if err != nil {
		v.stop()
		return nil, err
	}
	return v, nil
}

// arguments returns what makes the server be the named one.
func (s *shop) arguments(name string) ([]string, error) {
	switch name {
	case byEpoll, byRing:
		return []string{"--io", name}, nil
	case byRoutine:
		if strings.Contains(s.help, "--io ") {
			return []string{"--io", byRoutine}, nil
		}
		return nil, nil
	case byTLS:
		cert, key := s.path("cert.pem"), s.path("key.pem")
		return []string{"--tls-cert", cert, "--tls-key", key}, writeCertificate(cert, key)
	}
	return nil, fmt.Errorf("no server is called %q", name)
}

// await returns once the server says that it is ready; it has ten seconds, or until it ends.
func (v *server) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		if _, err := v.ask(ctx, "/readyz"); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("server is not ready after 10 s: %s", v.lastWords())
		case <-v.ended:
			return fmt.Errorf("server ended before it was ready: %s", v.lastWords())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// ask gets a page of the admin listener.
func (v *server) ask(ctx context.Context, path string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+v.admin+path, nil)
	if err != nil {
		return "", err
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", path, response.Status)
	}
	return string(body), err
}

// stop ends the server and removes its data. It may be called twice.
func (v *server) stop() {
	if v.child != nil {
		v.child.stop()
	}
	if v.ended != nil {
		<-v.ended
	}
	if v.data != "" {
		_ = os.RemoveAll(v.data)
	}
}

// freeAddress returns a loopback address whose port nobody used a moment ago.
func freeAddress(ctx context.Context) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// ringAllowed says why this kernel or container forbids io_uring, nil if it does not.
func ringAllowed() error {
	r, err := newRing()
	if err != nil {
		return err
	}
	return r.close()
}
