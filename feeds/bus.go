package feeds

import (
	"context"

	"tickertape/topics"
)

// Bus is all of the bus that feeds use; *topics.Bus implements it. Both methods
// block until the log has stored the event, or return an error.
type Bus interface {
	// Publish stores the drafts as one unit. Under the same idempotency key the same
	// drafts are stored once; an empty key means that storing twice does no harm.
	Publish(ctx context.Context, idempotency string, drafts ...topics.Draft) ([]topics.ID, error)
	// Retract withdraws the value of a key.
	Retract(ctx context.Context, topic, key string) (topics.ID, error)
}

// An Audience is what a [Bus] can be besides: one that knows whether anybody is there
// to read. A feed of the web whose topics nobody reads asks its source less often.
type Audience interface {
	// Listening reports whether anybody reads one of the topics. It does not block.
	Listening(names ...string) bool
}

var (
	_ Bus      = (*topics.Bus)(nil)
	_ Audience = (*topics.Bus)(nil)
)
