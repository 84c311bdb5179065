package main

import (
	"fmt"
	"os"
)

// roleArgument is the hidden first argument by which this program starts its own parts.
const roleArgument = "-role"

// Roles; floors and Gin are followed by an address, floors by their options as well.
const (
	loadRole  = "load"
	floorRole = "floor"
	ginRole   = "gin"
)

// runRole is the whole of a child's work.
func runRole(args []string) error {
	switch {
	case len(args) == 1 && args[0] == loadRole:
		return runLoad(os.Stdin, os.Stdout)
	case len(args) == 3 && args[0] == floorRole:
		return runFloor(args[1], args[2], os.Stdout)
	case len(args) == 2 && args[0] == ginRole:
		return runGin(args[1], os.Stdout)
	}
	return fmt.Errorf("unknown role %q", args)
}
