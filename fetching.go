package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"

	"tickertape/feeds"
)

// newFetcher returns what all feeds fetch with. around, if not nil, watches it.
func newFetcher(cfg *Config, logger *slog.Logger, around func(http.RoundTripper) http.RoundTripper) *feeds.Fetcher {
	return feeds.NewFetcher(feeds.FetchOptions{
		Version: buildID(),
		Contact: cfg.Contact,
		Proxy:   http.ProxyFromEnvironment,
		Private: cfg.PrivateSources,
		Logger:  logger,
		Around:  around,
	})
}

// addFeeds makes the supervisor with the configured feeds. The bus is there.
func (s *server) addFeeds(cfg *Config) error {
	s.feedMemory = filepath.Join(cfg.Data, "feeds.json")
	s.feeds = feeds.NewSupervisor(feeds.Options{
		Bus:     s.feedBus(cfg),
		Logger:  s.logger,
		Fetcher: newFetcher(cfg, s.logger, nil),
		Save:    s.saveFeeds,
	})
	for _, f := range cfg.Feeds {
		if err := s.feeds.Add(f.Spec, f.supervised(), f.Env); err != nil {
			return err
		}
	}
	return nil
}

// feedMemory is the content of the file in the data folder that holds what feeds know
// over a restart. It belongs to one log: with another one the items would be missing.
type feedMemory struct {
	Log   string          `json:"log"` // its epoch
	Feeds json.RawMessage `json:"feeds"`
}

// recallFeeds gives the feeds what they knew, if that is of the same log. Without it
// they fetch everything once more, so a file that cannot be read is no reason not to
// start. The bus is ready.
func (s *server) recallFeeds() {
	text, err := os.ReadFile(s.feedMemory)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	var known feedMemory
	if err == nil {
		err = json.Unmarshal(text, &known)
	}
	if err == nil && known.Log == s.bus.Head().Epoch {
		err = s.feeds.Recall(known.Feeds)
	}
	if err != nil {
		s.logger.Warn("what feeds knew is forgotten", "file", s.feedMemory, "error", err)
	}
}

// saveFeeds writes the file as a whole, or not at all.
func (s *server) saveFeeds(known []byte) error {
	log := s.bus.Head().Epoch
	if log == "" {
		return nil // the bus never was ready
	}
	text, err := json.Marshal(feedMemory{Log: log, Feeds: known})
	if err != nil {
		return fmt.Errorf("encode what feeds know: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(s.feedMemory), 0o700); err != nil { // with a log elsewhere it may not be there
		return fmt.Errorf("make the data folder: %w", err)
	}
	temporary := s.feedMemory + ".new"
	if err := os.WriteFile(temporary, text, 0o600); err != nil {
		return fmt.Errorf("store what feeds know: %w", err)
	}
	if err := os.Rename(temporary, s.feedMemory); err != nil {
		return fmt.Errorf("store what feeds know: %w", err)
	}
	return nil
}

// A lonelyBus is a bus that does not know who listens: on a cluster readers are at
// other servers as well, so no feed is slowed down for want of them here.
type lonelyBus struct {
	feeds.Bus
	feeds.Memo
}

// feedBus returns what feeds print on.
func (s *server) feedBus(cfg *Config) feeds.Bus {
	if cfg.NATS != "" {
		return lonelyBus{s.bus, s.bus}
	}
	return s.bus
}
