//go:build !linux

package natslog

import "errors"

func runFullDisk(string) error { return errors.New("not on this system") }
