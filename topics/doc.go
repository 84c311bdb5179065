// Package topics owns the tape: the catalogue of topics, the recent events in
// memory, the last value of every key, and the readers' positions.
//
// # Flow
//
//	Publish -> Log.Append -> Log.Follow -> dispatch -> tape, values, cohorts -> Subscription.Next
//
// [Bus.Publish] checks a draft and hands it to the [Log]. What the log has stored
// comes back through [Log.Follow], in the log's order, and only from there does it
// reach readers. The place of an event in the log is its [ID].
//
// # Readers
//
// A reader is a position. [Bus.Subscribe] returns a [Subscription] that holds a
// cursor and a [Cohort], nothing else: no queue and no goroutine. Next returns the
// bytes that follow the cursor, so live, replay after a reconnect and catching up
// after a slow spell are one operation. Readers with the same filter, interval and
// wire form one cohort: the bytes of a batch are built once and shared, and must
// not be changed. A reader that stops reading holds nothing but its cursor; if the
// tape moves past it, Next says so with a reset.
//
// # Bounds
//
// The tape holds [Options.Events] events and [Options.Bytes] bytes; what is older
// can only be reset to. A topic keeps [MaxKeys] values; the one that was not
// updated for the longest time goes first. A batch is at most [MaxBatchBytes], or
// one event. An interval is looked at whole, so a paced reader gets one update of a
// key; a late one does without every value that a newer one has replaced, for each
// value on the tape knows which did. A cohort remembers the places of
// its newest events (4,096); readers further behind are served by a scan of the tape.
// Idempotency keys are remembered while their events are on the tape, at most 65,536.
//
// # Concurrency
//
// [Bus.Run] owns all goroutines and awaits them. Everything else may be called from
// any goroutine and blocks only where it says so. Locks are taken in the order
// Bus.mu, Cohort.mu, tape.mu, and none is held across I/O, a callback into other
// packages except [Wire], or a channel send.
package topics
