package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
)

// publishKey returns the configured key, or the one in the data folder, which it
// makes at the first start. At each start the log says where the key is, never the key.
func publishKey(cfg *Config, logger *slog.Logger) (string, error) {
	if cfg.PublishKey != "" {
		logger.Info("publish key", "from", "the configuration")
		return string(cfg.PublishKey), nil
	}
	file := filepath.Join(cfg.Data, "publish-key")
	text, err := os.ReadFile(file)
	if err == nil && strings.TrimSpace(string(text)) != "" {
		logger.Info("publish key", "file", file)
		return strings.TrimSpace(string(text)), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read the publish key %s: %w", file, withoutPath(err))
	}
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return "", fmt.Errorf("make the data folder: %w", err)
	}
	key := rand.Text()
	temporary := file + ".new"
	if err := os.WriteFile(temporary, []byte(key+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("store the publish key: %w", err)
	}
	if err := os.Rename(temporary, file); err != nil {
		return "", fmt.Errorf("store the publish key: %w", err)
	}
	logger.Info("publish key", "file", file, "new", true)
	return key, nil
}
