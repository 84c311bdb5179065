package natslog

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

var errLocked = errors.New("locked")

// A folder is the data folder of an embedded server, locked for this process. The
// file run.json in it says how the last run ended.
type folder struct {
	dir  string
	boot string // identity of this start of the machine; "" where there is none
	sync Sync
	lock *os.File
}

// lastRun is run.json: written without Clean before a run touches the log, and
// with it when the run has ended and all of the log is on the disk.
type lastRun struct {
	Boot  string `json:"boot"`
	Sync  Sync   `json:"sync"`
	Clean bool   `json:"clean"`
}

// openFolder creates and locks dir. cut says that the machine may have lost power
// since the last run wrote what was not yet synced. When openFolder returns nil, all
// that is in the folder is on the disk.
func openFolder(dir, boot string, sync Sync) (f *folder, cut bool, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, false, fmt.Errorf("create data folder: %w", err)
	}
	lock, err := lockFile(filepath.Join(dir, "lock"))
	if errors.Is(err, errLocked) {
		return nil, false, fmt.Errorf("data folder %s is in use by another tickertape", dir)
	}
	if err != nil {
		return nil, false, fmt.Errorf("lock data folder: %w", err)
	}
	f = &folder{dir: dir, boot: boot, sync: sync, lock: lock}
	defer func() {
		if err != nil {
			_ = lock.Close()
		}
	}()
	last, ok, err := f.read()
	if err != nil {
		return nil, false, err
	}
	if ok && !last.Clean && last.Sync != Always {
		if cut = boot == "" || boot != last.Boot; !cut {
			// Killed, but its writes are in the cache of this same machine.
			if err := syncTree(dir); err != nil {
				return nil, false, fmt.Errorf("sync data folder: %w", err)
			}
		}
	}
	return f, cut, nil
}

// begin notes that a run has begun: from here on the folder is not clean.
func (f *folder) begin() error { return f.write(false) }

// close syncs the folder, notes that the run ended well, and unlocks it. The
// server must be down: it does not sync its files when it stops.
func (f *folder) close() error {
	err := syncTree(f.dir)
	if err == nil {
		err = f.write(true)
	}
	return errors.Join(err, f.abandon())
}

// abandon unlocks the folder and leaves the note as it is.
func (f *folder) abandon() error { return f.lock.Close() }

func (f *folder) read() (last lastRun, ok bool, err error) {
	text, err := os.ReadFile(filepath.Join(f.dir, "run.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return last, false, nil
	}
	if err != nil {
		return last, false, fmt.Errorf("read the note of the last run: %w", err)
	}
	return parseRun(text), true, nil
}

// parseRun reads a note. Of one that is damaged it expects the worst.
func parseRun(text []byte) lastRun {
	var last lastRun
	if json.Unmarshal(text, &last) != nil {
		return lastRun{Sync: Sync(1)}
	}
	return last
}

func (f *folder) write(clean bool) error {
	text, err := json.Marshal(lastRun{Boot: f.boot, Sync: f.sync, Clean: clean})
	if err == nil {
		err = writeAtomically(filepath.Join(f.dir, "run.json"), text)
	}
	if err != nil {
		return fmt.Errorf("note how the run goes: %w", err)
	}
	return nil
}

// writeAtomically replaces the file by one with that text, on the disk when it
// returns.
func writeAtomically(name string, text []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(name), ".tmp-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) //nolint:errcheck // gone already if all went well
	_, err = tmp.Write(text)
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), name)
	}
	if err != nil {
		return err
	}
	return syncFile(filepath.Dir(name))
}

// syncTree flushes every file and folder below dir.
func syncTree(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !d.IsDir() && !d.Type().IsRegular() {
			return nil
		}
		return syncFile(path)
	})
}

// bootID returns an identity that the machine gets with each start, or "" where
// the system has none.
func bootID() string {
	text, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}
