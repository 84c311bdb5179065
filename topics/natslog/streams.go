package natslog

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"tickertape/topics"
)

// Names on the server. epochEntry is in the metadata of the tape's stream.
const (
	tapeStream  = "TICKERTAPE"
	valueStream = "TICKERTAPE_VALUES"
	epochEntry  = "tickertape-epoch"
)

// openStreams makes the two streams, or takes those that are there and sets their
// bounds. newEpoch is why the tape gets another identity, "" if it keeps its own.
func (l *Log) openStreams(ctx context.Context, newEpoch string) error {
	if err := l.openTape(ctx, newEpoch); err != nil {
		return fmt.Errorf("stream %s: %w", tapeStream, err)
	}
	values := jetstream.StreamConfig{
		Name:               valueStream,
		Description:        "last values of the tape",
		Subjects:           []string{valuePrefix + ">"},
		Storage:            jetstream.FileStorage,
		Replicas:           l.opts.Replicas,
		MaxMsgsPerSubject:  1,
		AllowAtomicPublish: true,
		AllowDirect:        true,
		AllowMsgTTL:        true,
	}
	_, err := l.js.CreateStream(ctx, values)
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
		_, err = l.js.Stream(ctx, valueStream)
	}
	if err != nil {
		return fmt.Errorf("stream %s: %w", valueStream, err)
	}
	return nil
}

func (l *Log) openTape(ctx context.Context, newEpoch string) error {
	config := jetstream.StreamConfig{
		Name:               tapeStream,
		Description:        "the tape",
		Subjects:           []string{tapePrefix + "*"},
		Storage:            jetstream.FileStorage,
		Replicas:           l.opts.Replicas,
		MaxBytes:           max(l.opts.MaxBytes, -1),
		Discard:            jetstream.DiscardOld,
		AllowAtomicPublish: true,
		AllowDirect:        true,
		Metadata:           map[string]string{epochEntry: randomEpoch()},
	}
	_, err := l.js.CreateStream(ctx, config)
	if err == nil && newEpoch == "" {
		return nil
	}
	if err != nil && !errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
		return err
	}
	stream, err := l.js.Stream(ctx, tapeStream)
	if err != nil {
		return err
	}
	was := stream.CachedInfo().Config
	now := was
	now.MaxBytes, now.AllowAtomicPublish, now.AllowDirect = config.MaxBytes, true, true
	old := was.Metadata[epochEntry]
	if newEpoch != "" || !topics.ValidEpoch(old) {
		now.Metadata = maps.Clone(was.Metadata)
		if now.Metadata == nil {
			now.Metadata = make(map[string]string)
		}
		now.Metadata[epochEntry] = config.Metadata[epochEntry]
	}
	epoch := now.Metadata[epochEntry]
	if epoch == old && now.MaxBytes == was.MaxBytes && was.AllowAtomicPublish && was.AllowDirect {
		return nil
	}
	if _, err := l.js.UpdateStream(ctx, now); err != nil {
		return err
	}
	if newEpoch != "" {
		l.log.Warn("log has a new epoch", "why", newEpoch, "epoch", epoch, "before", old, "sync", l.opts.Sync.String())
	}
	return nil
}

// randomEpoch returns five letters and digits: one in 33 million that two logs in
// the same place have the same.
func randomEpoch() string {
	var random [4]byte
	_, _ = rand.Read(random[:]) // never fails
	return strings.ToLower(base32.StdEncoding.EncodeToString(random[:]))[:5]
}
