// Package feeds owns the contract between the program and what prints on its tape,
// and the supervision of every feed: each runs on goroutines that its [Supervisor]
// starts, restarts and awaits.
//
// # Writing a feed
//
// A kind of feed is a [Spec] with a constructor. Nine in ten are a function given
// to [Poll]; the others implement [Feed]. What a feed can do to the rest of the
// program is in [Publisher]. Package feedtest holds the contract as a suite.
//
// # Goroutines
//
// [Supervisor.Run] starts one goroutine a feed (its runner) and one that announces
// states, and awaits them all. A runner starts the feed's Run, and the feed starts
// more with [Publisher.Go]; the runner awaits all of them before it runs the feed
// again, so two runs of a feed never overlap. A feed that has not stopped ten seconds
// after it was told to is reported as leaked, and is the only goroutine that can be
// left behind.
//
// # States
//
//	starting   runs, and has said nothing yet (for at most ten seconds)
//	running    prints, or says that there is nothing new
//	stale      runs, but has said nothing for three times its interval
//	backoff    failed; waits 1 s, doubling to 5 min, evenly jittered from zero up
//	open       failed five times in 30 s; one probe every 15 min
//	attention  failed in a way that a person must mend; tried every half hour
//	stopped    finished, gave up, or was told to stop
//
// A run of 60 s in which the feed said something makes good for earlier failures.
// The supervisor is our own because general ones restart: thejerf/suture counts
// failures and backs off for all its services together, at a fixed pause, and has no
// circuit of one service, no probe and no notion of a service that is alive but silent.
//
// # Bounds
//
// A feed publishes at most [Options].Rate items a second and then waits; it is
// remembered for the last 1,000 ids it published; its state is announced at most once
// a second and at least once a minute on the topic [StatusTopic]. Announcing never
// delays a feed.
package feeds
