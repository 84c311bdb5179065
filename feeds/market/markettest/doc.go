// Package markettest owns a server for the tests of kinds that read a WebSocket: it
// answers over pipes in place of sockets, so that tests run in fake time. The
// goroutines of a connection end when the connection does, or the test's bubble fails.
package markettest
