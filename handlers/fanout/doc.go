// Package fanout owns sockets that only listen: it writes the same bytes to many
// connections with few goroutines. It knows nothing of events or HTTP; what to write
// comes from a [Stream].
//
// # Ownership
//
//	Fanout.Adopt --adopted--> shard.loop  owns: connections, groups, their streams
//	Stream.Notify --dirty---> shard.loop  writes, parks, closes
//	kernel --epoll--> shard.poll --ready--> shard.loop
//
// A shard is one loop goroutine, the only one that writes to or closes a connection
// of the shard, and one poll goroutine that waits for the kernel in Go's netpoller.
// [Fanout.Close] stops and awaits both. There is a shard for each core.
//
// # Groups
//
// Connections whose streams have the same key and are level with each other form a
// group. A group has one stream that stands for all of them, so a connection that is
// idle costs one small struct, and no goroutine, buffer, timer or position. For each
// batch of the group the shard makes one non-blocking write per connection.
//
// A connection whose socket is full leaves its group: it is parked with a stream of
// its own and the rest of the one frame that was cut, and nothing is queued for it.
// When the socket takes more, it is late: its stream gives it the newest values, and
// once it is level it joins the group again.
//
// A connection may also be ahead of its group, when its opening shows more than the
// group may be given yet. It waits until the group has caught up.
//
// # Fairness
//
// A pass over a group is cut into slices of [sliceWrites]; between two slices the
// shard serves other groups, so a small one does not wait for a giant one. Those who
// catch up share such a slice among them, [strayWrites] at a time. When passes over a
// large group follow each other, the shard pauses for an eighth of the last one before
// the next, at most 5 ms, and takes along what is printed meanwhile.
//
// # Bounds
//
// The number of connections is the caller's to bound. A parked connection holds at
// most one frame, or what is left of its opening. One that takes nothing for
// [Options.Stall] is closed. A client that vanishes without a word is the kernel's to
// find: the caller's listener sets TCP_USER_TIMEOUT. Nothing that a client sends is
// read; the kernel keeps as much of it as it keeps for any socket.
package fanout
