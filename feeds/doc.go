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
// # Fetching
//
// The client of [Publisher.HTTP] is polite by itself; a kind of twenty lines needs to
// do nothing for it. One [Fetcher] is behind the clients of all feeds:
//
//   - It says who asks and how to reach them, and never pretends to be a browser.
//   - It asks for documents conditionally, with the validators byte for byte as they
//     came. They count from when the items of the document were published: a feed that
//     fails in between gets the document once more. They survive a restart, as do the
//     ids that were published, through [Options].Save and [Supervisor.Recall].
//   - It asks for no address twice within the floor of the kind or 15 s, whichever is
//     less, at most two at a time of one host over all feeds, and once for what several
//     feeds want at the same time.
//   - A pause lasts as long as the interval, give or take a tenth, and longer where the
//     source says so: Cache-Control, Expires, Retry-After, [Document.KeepFor],
//     [NotBefore]; a day at most. A long pause does not end around the full hour. While
//     nobody reads the feed's topics ([Audience]) it lasts four times as long, and ends as
//     soon as somebody does. A feed is stale by the pause that was planned.
//   - An answer has 30 s (the feed's timeout), 5 MiB after decompression, and five
//     redirects, which carry the headers of a feed to its own host alone. One that moved
//     for good is asked where it moved to.
//   - Private addresses are refused when they are dialled, after the name was resolved,
//     unless the feed's own address names such a host (then that host alone) or
//     [FetchOptions].Private is set. Where a proxy resolves names, hosts are judged by
//     name.
//
// What an answer means is decided in [CheckStatus] alone, which [Get] calls:
//
//	200                the document
//	203                the document; the hint says that the source will give it up
//	304                ErrNotModified, a success
//	301, 308           followed and remembered; the hint says where to
//	401, 403           attention; tried after half an hour
//	404                attention; tried after an hour
//	410                stopped
//	429                backoff as long as Retry-After says, else 15 min
//	other 4xx          attention: the request is wrong
//	5xx                backoff, as long as Retry-After says if it does
//	none, cut or slow  backoff
//	over the limit     backoff, 15 min at least
//	no data, or HTML   backoff, the floor of the kind at least ([Document.Misfit])
//
// A library that caches whole answers (RFC 9111) would not do: what is kept of a
// document is the items on the tape. docs/adr/0005-what-was-printed-is-the-cache.md
// says more.
//
// # Bounds
//
// A feed publishes at most [Options].Rate items a second and then waits; it is
// remembered for the last 1,000 ids it published; its state is announced at most once
// a second and at least once a minute on the topic [StatusTopic]. Announcing never
// delays a feed. Of a feed 256 addresses are remembered; answers that several feeds want
// are kept for each other up to 8 MiB.
package feeds
