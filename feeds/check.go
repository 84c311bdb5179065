package feeds

// A Checker is what a [Feed] can be besides: one that looks whether this machine has
// what it needs, such as a program or a folder. Check asks nobody else, starts
// nothing and returns at once; nil says that nothing is missing. An error that is marked by
// [NeedsAttention] says how to mend it. It is called by commands, not by the server.
type Checker interface {
	Check() error
}

// A Topical feed names topics that it prints on beside those of its Spec and of its
// entry in the configuration, since an option of its own says so.
type Topical interface {
	Topics() []string
}
