package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

const hostFormat = 1

// hostRecord binds the host id to a machine. Machine is a hash, because machine-id(5) asks to keep the id itself
// from others; it is "" where the machine has none.
type hostRecord struct {
	Format  int    `json:"format"`
	HostID  string `json:"hostId"`
	Machine string `json:"machine"`
}

// identify reads the host id or mints one: at the first opening, and where the disk now is in another machine,
// because then the id belongs to the machine it was copied from.
func (s *Store) identify(machineIDFile string) (id, notice string, err error) {
	machine, err := machineHash(machineIDFile)
	if err != nil {
		return "", "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	lock, err := s.Lock(ctx, "host-id")
	if err != nil {
		return "", "", err
	}
	defer lock.Unlock()
	path := filepath.Join(s.root, "host-id")
	var known hostRecord
	err = ReadRecord(path, hostFormat, &known)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return "", "", err
	case known.Machine == machine || machine == "":
		return known.HostID, "", nil
	case known.Machine == "":
		known.Machine = machine
		return known.HostID, "", s.WriteRecord(path, known)
	default:
		notice = fmt.Sprintf("the host id %s belongs to another machine (this disk is a copy, or the machine id was made anew), "+
			"so this host got a new one", known.HostID)
	}
	fresh := hostRecord{Format: hostFormat, HostID: nonce(16), Machine: machine}
	return fresh.HostID, notice, s.WriteRecord(path, fresh)
}

func machineHash(file string) (string, error) {
	id, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the machine id: %w", err)
	}
	if id = bytes.TrimSpace(id); len(id) == 0 || string(id) == "uninitialized" {
		return "", nil
	}
	sum := sha256.Sum256(append([]byte("slipway host of machine "), id...))
	return hex.EncodeToString(sum[:]), nil
}
