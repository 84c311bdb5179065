package natslog

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// The test binary runs itself as a process that something happens to: with one of
// these set to a data folder.
const (
	childEnv    = "NATSLOG_TEST_CHILD"     // killed while it appends
	fullDiskEnv = "NATSLOG_TEST_FULL_DISK" // appends while its disk is full
)

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		runChild() // does not return
	}
	if dir := os.Getenv(fullDiskEnv); dir != "" {
		if err := runFullDisk(dir); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}
