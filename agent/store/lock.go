package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// A lock that is taken is asked for again after shortestWait, doubled up to longestWait, with jitter.
const (
	shortestWait = 200 * time.Microsecond
	longestWait  = 20 * time.Millisecond
)

// Lock is a held lock. Its zero value is of no use.
type Lock struct{ file *os.File }

// Lock takes the exclusive lock of a name, waiting until ctx ends.
func (s *Store) Lock(ctx context.Context, name string) (*Lock, error) {
	return s.wait(ctx, unix.F_WRLCK, name)
}

// LockShared takes shared locks of all names at once; it keeps out whoever wants one of them exclusively.
func (s *Store) LockShared(ctx context.Context, names ...string) (*Lock, error) {
	return s.wait(ctx, unix.F_RDLCK, names...)
}

// TryLock takes the exclusive lock of a name, or answers nil if somebody has it.
func (s *Store) TryLock(name string) (*Lock, error) {
	lock, err := s.openLocks()
	if err != nil {
		return nil, err
	}
	if err := lock.set(unix.F_WRLCK, name); err != nil {
		lock.Unlock()
		if taken(err) {
			return nil, nil
		}
		return nil, err
	}
	return lock, nil
}

// Unlock gives back every name of the lock. Nil and a second call do nothing.
func (l *Lock) Unlock() {
	if l == nil || l.file == nil {
		return
	}
	// Unlocking first matters where a forked child still holds a copy of the descriptor.
	_ = l.setRange(unix.F_UNLCK, 0, 0)
	l.file.Close()
	l.file = nil
}

func (s *Store) wait(ctx context.Context, kind int16, names ...string) (*Lock, error) {
	lock, err := s.openLocks()
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if err := lock.waitFor(ctx, kind, name); err != nil {
			lock.Unlock()
			return nil, err
		}
	}
	return lock, nil
}

func (l *Lock) waitFor(ctx context.Context, kind int16, name string) error {
	for pause := shortestWait; ; pause = min(2*pause, longestWait) {
		err := l.set(kind, name)
		if err == nil || !taken(err) {
			return err
		}
		select {
		case <-time.After(pause/2 + rand.N(pause)):
		case <-ctx.Done():
			return fmt.Errorf("wait for the lock of %s: %w", name, ctx.Err())
		}
	}
}

// openLocks opens the lock file anew: open file description locks exclude each other between openings only.
func (s *Store) openLocks() (*Lock, error) {
	file, err := os.OpenFile(s.locksPath(), os.O_RDWR|os.O_CREATE|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock file: %w", err)
	}
	return &Lock{file}, nil
}

// set locks the one byte that stands for a name. Two names of one byte would merely wait for each other.
func (l *Lock) set(kind int16, name string) error {
	sum := sha256.Sum256([]byte(name))
	if err := l.setRange(kind, int64(binary.BigEndian.Uint64(sum[:8])>>2), 1); err != nil {
		return fmt.Errorf("lock %s: %w", name, err)
	}
	return nil
}

func (l *Lock) setRange(kind int16, start, length int64) error {
	return unix.FcntlFlock(l.file.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{Type: kind, Start: start, Len: length})
}

// taken tells a lock that somebody has from a failure; the kernel may say either.
func taken(err error) bool { return errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) }
