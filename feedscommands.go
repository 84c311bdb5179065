package main

// feedsCommands returns what can be done about feeds, in the order in which somebody
// who adds one needs it.
func feedsCommands() []command {
	return []command{
		{
			name: "feeds list", args: "[KIND]", most: 1, summary: "List the kinds of feed, or show one with its options.", run: runFeedsList,
			about: "With KIND: its options, an example for the configuration file, and the terms of its source.",
		},
		{
			name: "feeds create", args: "KIND [FILE]", most: 2, summary: "Write an entry for the configuration, with all options of a kind.", own: &createOptions{}, run: runCreate,
			about: "Prints the entry, or adds it to the list of feeds in FILE, which is made if it is not there; comments and all else in it stay as they are. Options at their default are commented out.",
		},
		{
			name: "feeds new", args: "NAME", most: 1, summary: "Begin a feed of your own: a kind in Go, or a program.", own: &newOptions{}, run: runNewFeed,
			about: "In a clone of the repository: a folder feeds/NAME with a kind that fetches JSON, its test and a recorded answer, and its line in kinds.go. With --exec, anywhere: a program for the kind exec, and a configuration that runs it. Says what to do next. Nothing that is there already is touched.",
		},
		{
			name: "feeds lint", args: "[FILE]", most: 1, summary: "Say what is wrong in a configuration, and what could be better.", config: true, file: true, judges: true, run: runLint,
			about: "Prints all mistakes, as check does, and warnings: an interval that a source will not like, a program that is not there, two feeds in each other's way, a secret that is written out. Asks no source and starts nothing. Exits with 1 if there is a mistake; a warning alone is none.",
		},
		{
			name: "feeds try", args: "KIND|FILE [OPTION=VALUE...]", most: 100, summary: "Run one feed and print its items, without a server.", config: true, file: true, kind: true, own: &tryOptions{}, run: runTry,
			about: "Runs one feed of the file, or a feed of a kind with the options given as OPTION=VALUE, and prints its items on standard output as JSON lines, checked and encoded as the server would. VALUE is written as in the file: every=2s symbols=ACME symbols=[ACME,TIKT] 'config={port: 3}'. The feed's own log goes to standard error. Exits with 0 if there were items, with 1 if the feed failed or printed none in time, with 2 if the command line or the configuration is wrong.",
		},
		{
			name: "feeds record", args: "KIND|FILE [OPTION=VALUE...]", most: 100, summary: "Keep what a source answers to a feed, for the tests of its kind.", config: true, file: true, kind: true, own: &fixtureOptions{}, run: runFixtures,
			about: "Runs one feed, as feeds try does, until it has printed or has nothing new, and writes the HTTP answers that it got into a folder, where feedtest.Fixtures and feedtest.Replay read them. The values of secret options are masked in them. Event streams and WebSockets are not kept. tickertape record, in contrast, records what a server prints.",
		},
		{
			name: "feeds verify", args: "FILE|COMMAND [ARGUMENT...]", most: 1000, summary: "Check that a program keeps the rules of the kind exec.", config: true, file: true, rest: true, own: &verifyOptions{}, run: runVerify,
			about: "Runs the program twice, as a feed of kind exec would, looks at what it prints, asks it for more, and tells it to end. Each rule is shown with what broke it and what to do. Flags stand before the COMMAND: tickertape feeds verify --topic tides python3 -u tides.py. With a FILE the program is that of its feed of kind exec. Exits with 0 if no rule is broken, otherwise with 1.",
		},
		{
			name: "feeds doctor", args: "[FILE]", most: 1, summary: "Look at everything that a start needs, and ask each source once.", config: true, file: true, judges: true, own: &doctorOptions{}, run: runDoctor,
			about: "Checks the configuration, the data folder and the publish key, the addresses to listen on, the certificate, and this machine's clock, and runs each feed until its first word. Says of each failure what to do. Exits with 0 if there is none, otherwise with 1.",
		},
		{
			name: "feeds docs", args: "[FOLDER]", most: 1, summary: "Bring the documentation of the kinds of feed up to date.", run: runFeedsDocs,
			about: "For whoever works on tickertape: in a clone of the repository it writes a page for each kind, and their list, into FOLDER, docs/feeds if there is none, from what the kinds say of themselves. What was written by hand below the line that says so is kept.",
		},
	}
}
