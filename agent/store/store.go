package store

// Store is one process's view of the folders. It is safe for use by several goroutines.
type Store struct {
	root, run string
	hostID    string
	notice    string
	// process is the name of this view in building/ and trash/; life holds the lock on it.
	process string
	life    *Lock
	locks   *os.File
}

// Root is the folder that survives a reboot.
func (s *Store) Root() string { return s.root }

// Run is the folder that does not survive a reboot.
func (s *Store) Run() string { return s.run }

// HostID is 32 hexadecimal digits that no other host has, a copy of this host's disk included.
func (s *Store) HostID() string { return s.hostID }

// Notice is a sentence for the person if opening found something to say (a new host id for a cloned disk), else "".
func (s *Store) Notice() string { return s.notice }
