// Package exec owns the kind exec: a feed that is a program in any language, whose
// standard output is JSON lines. Each run starts one process; the goroutines around it
// are started with Publisher.Go and end, with the process and its group, before Run returns.
//
// # Lines
//
// A line of output is one JSON object of at most 256 KiB:
//
//	{"type":"hello","v":1,"name":"tides","topics":["weather"]}       optional, first
//	{"type":"item","id":"hw-1","time":"2026-11-20T12:40:00Z","title":"High water","data":{"level_m":3.9}}
//	{"type":"ok","detail":"nothing new"}
//	{"type":"retract","id":"hw-1"}
//	{"type":"error","message":"quota","retry_after":900,"attention":false,"hint":"..."}
//	{"title":"anything else"}                                        an item as it is
//
// An item may have the common fields of feeds.Item and a topic of the feed; its own
// fields stand in data. An object without one of these types is an item all of whose other
// fields are its own. Where the topic's key field is id and an item has none, its id
// is a hash of it. An error with retry_after (seconds) or attention ends the run; one
// without is shown, and is the reason if the program then fails. A longer line is dropped,
// one that is no JSON object as well; both are counted in the status.
//
// # Life
//
// The program gets one line of JSON on standard input, its config. In mode stream
// input stays open: where the feed has an interval, an empty line then means "poll
// now", and the end of input means stop. In mode once, input ends there and the program
// is run at each interval. To stop it, its process group gets SIGTERM, and SIGKILL
// five seconds later; whatever it left in its group when it exited is killed. On Linux the
// program dies with us, too. Exit status 0 is a run that is done: repeated after the
// interval, or for good where there is none. 75 means try again in a while, 78 that
// a person must mend the configuration, anything else is a failure.
//
// # Bounds
//
// A program that prints faster than the tape takes it is slowed down by its pipe;
// at most one pipe, one line and a hundred items are held. Of whatever it prints, 2,000 lines
// and 8 MiB a second are read. Of standard error, which is the log, the last 20 lines are kept.
package exec
