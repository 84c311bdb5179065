//go:build !linux

package main

import (
	"context"
	"errors"
)

const roleArgument = "-role"

var errSystem = errors.New("measuring needs Linux: epoll, /proc and cores to pin to; on other systems only -from works")

func runRole([]string) error { return errSystem }

func measure(context.Context, options) (*report, error) { return nil, errSystem }
