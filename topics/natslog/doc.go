// Package natslog owns the log behind the tape: a JetStream stream whose
// sequence numbers are the places of the events, and a second stream that holds
// the last values. It implements [topics.Log] and is the only importer of NATS.
//
// # Where the log lives
//
// By default a NATS server runs inside the process. It opens no listener; the
// client reaches it through a pipe in memory. Its files are in the data folder,
// which a lock keeps to one process. With [Options.URL] an outside server or
// cluster holds the log, and any number of processes share it.
//
// # Order and durability
//
// The server alone gives events their order. A unit of several events is an
// atomic batch of JetStream: all or none, at consecutive places. An Append
// returns when the server has acknowledged it; [Options.Sync] says whether it is
// on the disk by then. Under [Always] concurrent Appends share a commit, because
// a commit costs flushes of the disk however many events it carries.
//
// A power cut may take the tail of a log that is not synced always. The places
// of the lost events would then be given out again, so such a log gets another
// epoch when it is opened after a power cut, and ids of before are recognised. So
// does one, synced or not, that ends before what was known to be stored: its files
// are damaged.
// A killed process loses nothing that was acknowledged and keeps its epoch.
//
// # Last values and retention
//
// The checkpoint of last values is itself a log: one message a key, then one that
// says up to which place it is complete. Age retention is done here and not by
// the server, since only SaveValues knows what the checkpoint holds: it removes
// nothing above the checkpoint, however long the process was down. The bound by
// bytes is the server's and acts at once; see [Options.MaxBytes].
//
// # Goroutines
//
// A [Log] owns three at most: one that commits what concurrent Appends hand in,
// one that takes answers off the connection, and one that restarts an embedded
// server after a write error. [Open] starts them, [Log.Close] stops and awaits
// them. Follow, Values and SaveValues run on their caller's goroutine.
package natslog
