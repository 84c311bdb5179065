// Package mqtt owns the kind mqtt: items of what others publish at an MQTT 5 broker.
// The packets are eclipse/paho.golang's; the connection is ours, since its client
// calls handlers on goroutines whose panics nobody isolates, and bounds no packet.
//
// # Goroutines
//
// A run of a feed reads packets on the goroutine of Run. With [feeds.Publisher.Go] it
// starts one that publishes, one that pings, and one that ends the connection when the
// run ends, and awaits them.
//
// # Bounds
//
// A packet has at most 256 KiB. What waits to be published is at most 1,000 items: of
// a topic of mode latest the newest of each key, of the others all; beyond, the oldest
// is dropped and counted. Keys and duplicates are remembered for 1,000 MQTT topics.
package mqtt
