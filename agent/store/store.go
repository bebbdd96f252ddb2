package store

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"sync"
	"sync/atomic"
)

// Store is one process's view of the folders. It is safe for use by several goroutines.
type Store struct {
	root, run string
	hostID    string
	notice    string
	// process names this view in building/ and trash/; life is the lock on that name.
	process string
	life    *Lock
	made    atomic.Int64
	// uploads are the locks on archives this process received and nobody unpacked yet, by digest.
	uploads sync.Map
	// removals counts what is being removed in the background.
	removals sync.WaitGroup
}

// Open makes or opens the store for the host this process runs on. The folders are made 0700 and have to belong to
// root in a chain of folders nobody else can write to, because the agent runs what lies in them.
func Open(root, run string) (*Store, error) {
	return open(root, run, "/etc/machine-id")
}

func open(root, run, machineIDFile string) (*Store, error) {
	s := &Store{process: nonce(8)}
	var err error
	if s.root, err = ownFolder(root); err != nil {
		return nil, err
	}
	if s.run, err = ownFolder(run); err != nil {
		return nil, err
	}
	for _, folder := range s.folders() {
		if err := makeFolder(folder); err != nil {
			return nil, err
		}
	}
	if s.life, err = s.TryLock(lifeOf(s.process)); err != nil {
		return nil, err
	}
	if s.hostID, s.notice, err = s.identify(machineIDFile); err != nil {
		s.life.Unlock()
		return nil, err
	}
	return s, nil
}

// Close waits for removals in the background and gives up the process's name.
func (s *Store) Close() error {
	s.removals.Wait()
	for digest, lock := range s.uploads.Range {
		lock.(*Lock).Unlock()
		s.uploads.Delete(digest)
	}
	s.life.Unlock()
	return nil
}

// Root is the folder that survives a reboot, without symbolic links.
func (s *Store) Root() string { return s.root }

// Run is the folder that does not survive a reboot, without symbolic links.
func (s *Store) Run() string { return s.run }

// HostID is 32 hexadecimal digits that no other host has, a copy of this host's disk included.
func (s *Store) HostID() string { return s.hostID }

// Notice is a sentence for the person if opening found something to say (a new host id for a cloned disk), else "".
func (s *Store) Notice() string { return s.notice }

// temporary makes up a name in building/ or trash/ that says which process is at work.
func (s *Store) temporary() string { return fmt.Sprintf("%s-%d", s.process, s.made.Add(1)) }

// lifeOf is the lock a process holds while it lives.
func lifeOf(process string) string { return "process/" + process }

// nonce is so many random bytes in hexadecimal digits.
func nonce(bytes int) string {
	random := make([]byte, bytes)
	_, _ = rand.Read(random) // never fails: crypto/rand ends the process instead
	return hex.EncodeToString(random)
}
