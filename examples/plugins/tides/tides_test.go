package tides

import (
	"testing"

	"go.uber.org/goleak"

	"tickertape/feeds/feedtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The contract of every kind, on recorded answers: stops, bad answers, stable ids.
func TestContract(t *testing.T) {
	feedtest.Run(t, Spec(), feedtest.Config{Source: feedtest.Fixtures(t, "testdata/ok")})
}

// What is printed for each folder of recorded answers is in its file "want".
func TestReplay(t *testing.T) {
	feedtest.Replay(t, Spec(), "testdata", feedtest.Config{})
}
