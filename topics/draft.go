package topics

// A Draft is what a publisher hands in. [Bus.Publish] makes an [Event] of it.
type Draft struct {
	Topic string
	Key   string // "" means: take it from the topic's key field
	Data  []byte // one JSON value, or text; see Text
	Text  bool   // Data is text and stays as it is
}
