package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// pemPair returns a new certificate and its key, as PEM.
func pemPair(t *testing.T) (cert, key string) {
	t.Helper()
	certFile, keyFile, _ := certificate(t)
	for file, text := range map[string]*string{certFile: &cert, keyFile: &key} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		*text = string(data)
	}
	return cert, key
}

// What a start would refuse is a mistake of the configuration, wherever it comes from.
func TestCertificate(t *testing.T) {
	cert, key := pemPair(t)
	_, other := pemPair(t)
	for _, tt := range []struct {
		name, file string
		args, env  []string
		want       []string
	}{
		{"file", "tls_cert: c.pem\ntls_key: k.pem\n", nil, nil, nil},
		{"flags", "", []string{"--tls-cert=c.pem", "--tls-key=k.pem"}, nil, nil},
		{"file and environment", "tls_cert: c.pem\n", nil, []string{"TICKERTAPE_TLS_KEY=k.pem"}, nil},
		{"no key", "demo: true\ntls_cert: c.pem\n", nil, nil, []string{"t.yaml:2:1: tls_cert: a certificate and its key belong together; want tls_key too"}},
		{"no certificate", "", nil, []string{"TICKERTAPE_TLS_KEY=k.pem"}, []string{"TICKERTAPE_TLS_KEY: a certificate and its key belong together; want tls_cert too"}},
		{"unreadable", "tls_key: no.pem\ndemo: x\n", []string{"--tls-cert=none.pem"}, nil, []string{
			`t.yaml:1:1: tls_key: "no.pem" cannot be read: file does not exist`, `t.yaml:2:7: demo: "x" is not right: want true or false`,
			`--tls-cert: "none.pem" cannot be read: file does not exist`,
		}},
		{"not of each other", "tls_cert: c.pem\ntls_key: other.pem\n", nil, nil, []string{"t.yaml:1:1: tls_cert: with tls_key: private key does not match public key"}},
		{"not PEM", "tls_cert: t.yaml\ntls_key: k.pem\n", nil, nil, []string{"t.yaml:1:1: tls_cert: with tls_key: failed to find any PEM data in certificate input"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := withFile(tt.file, tt.env...)
			s.args = append(s.args, tt.args...)
			s.files["c.pem"], s.files["k.pem"], s.files["other.pem"] = cert, key, other
			if tt.want != nil {
				wantMistakes(t, s, tt.want...)
				return
			}
			if cfg := mustParse(t, s); cfg.TLSCert != "c.pem" || cfg.TLSKey != "k.pem" {
				t.Errorf("certificate %q, key %q", cfg.TLSCert, cfg.TLSKey)
			}
		})
	}
}

func TestListenersApart(t *testing.T) {
	for _, tt := range []struct{ listen, admin, want string }{
		{":8080", "127.0.0.1:8080", "--admin: 127.0.0.1:8080 and the address of listen, :8080, are the same; want two"},
		{"127.0.0.1:1", "0.0.0.0:1", "--admin: 0.0.0.0:1 and the address of listen, 127.0.0.1:1, are the same; want two"},
		{"[::]:1", "[::1]:1", "--admin: [::1]:1 and the address of listen, [::]:1, are the same; want two"},
		{":8081", "127.0.0.1:8082", ""},
		{"127.0.0.1:1", "[::1]:1", ""},
		{":0", ":0", ""},
		{":8080", "", ""},
	} {
		s := start{args: []string{"--listen=" + tt.listen, "--admin=" + tt.admin}}
		if tt.want != "" {
			wantMistakes(t, s, tt.want)
			continue
		}
		mustParse(t, s)
	}
	wantMistakes(t, withFile("demo: false\nlisten: :8081\n"), "t.yaml:2:1: listen: :8081 and the address of admin, 127.0.0.1:8081, are the same; want two")
}

// A data folder that is a file, or is below one, is a mistake; one that is not there is made.
func TestDataFolderIsAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "")
	for path, wrong := range map[string]bool{file: true, filepath.Join(file, "below"): true, filepath.Dir(file): false, file + "-not-there": false} {
		in := start{args: []string{"--data", path}}.inputs()
		in.Stat = os.Stat
		_, err := parse(in)
		if wrong != (err != nil) || wrong && !strings.HasSuffix(err.Error(), " is not a folder") {
			t.Errorf("--data %s: %v", path, err)
		}
		var out bytes.Buffer
		in.Args = append([]string{"check"}, in.Args...)
		if code := run(context.Background(), in, &out, &out); wrong != (code == exitFailed) {
			t.Errorf("check --data %s: exit %d\n%s", path, code, out.String())
		}
		if !wrong {
			continue
		}
		in.Args[0] = "serve"
		if code := run(context.Background(), in, &out, &out); code != exitUsage {
			t.Errorf("serve --data %s: exit %d, want %d", path, code, exitUsage)
		}
	}
}

// The error of a port that is taken says which option it is from, and once that it is taken.
func TestTakenPort(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	address := taken.Addr().String()
	for option, change := range map[string]func(*Config){
		"listen": func(c *Config) { c.Listen = address },
		"admin":  func(c *Config) { c.Admin = address },
	} {
		_, err := newServer(t.Context(), testConfig(t, change), slog.New(slog.DiscardHandler))
		if err == nil || err.Error() != "listen on "+address+" (--"+option+"): address already in use" || !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("%s on a port that is taken: %v", option, err)
		}
	}
}

// Each start says where the publish key is, and never the key.
func TestEachStartSaysWhereTheKeyIs(t *testing.T) {
	cfg := defaultConfig()
	cfg.Data = filepath.Join(t.TempDir(), "data")
	var said bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&said, nil))
	where := `msg="publish key" file=` + filepath.Join(cfg.Data, "publish-key")
	var keys []string
	for _, want := range []string{where + " new=true", where + "\n"} {
		said.Reset()
		key, err := publishKey(&cfg, logger)
		if err != nil || !strings.Contains(said.String(), want) || strings.Contains(said.String(), key) {
			t.Errorf("error %v; the log says %s, want %s and not the key", err, said.String(), want)
		}
		keys = append(keys, key)
	}
	if keys[0] != keys[1] {
		t.Errorf("keys %q", keys)
	}
	cfg.PublishKey = "hunter22"
	said.Reset()
	if key, err := publishKey(&cfg, logger); err != nil || key != "hunter22" || !strings.Contains(said.String(), `from="the configuration"`) || strings.Contains(said.String(), key) {
		t.Errorf("configured: %q, %v; the log says %s", key, err, said.String())
	}
}
