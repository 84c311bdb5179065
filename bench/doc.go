// Command bench owns the figures that this repository prints about speed and memory: it
// builds the server, runs it and a bare floor under the same load, and prints one table.
//
// It is a module of its own, so that the server's module carries neither the plotting library
// nor the comparison handler:
//
//	cd bench && go run .
//
// # Processes
//
// The program starts itself again for each part that must be measured or pinned alone:
// the floor (floor_linux.go), the comparison handler (gin.go) and the load generator
// (load_linux.go). Servers get one core, the generator another. The program itself sleeps
// while a measurement runs. Children die with it.
//
// # Goroutines
//
// The floor and the generator have one thread, one epoll and no goroutine of their own. The
// program waits for each child where it started it.
package main
