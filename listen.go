package main

import (
	"context"
	"fmt"
	"net"
	"syscall"
)

// listen opens a listener whose connections keep little unsent, see [tune].
func listen(ctx context.Context, address string) (net.Listener, error) {
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error { return c.Control(tune) }}
	l, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	return l, nil
}
