package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
)

// WriteRecord writes JSON below the root or the run folder atomically and durably.
func (s *Store) WriteRecord(path string, record any) error { return s.writeJSON(path, record, true) }

// NoteRecord writes JSON atomically: a crash of the process never leaves half of it, one of the machine may lose it.
func (s *Store) NoteRecord(path string, record any) error { return s.writeJSON(path, record, false) }

func (s *Store) writeJSON(path string, record any, durable bool) error {
	data, err := json.Marshal(record)
	if err != nil {
		return fmt.Errorf("write the record %s: %w", path, err)
	}
	return s.WriteFile(path, append(data, '\n'), durable)
}

// WriteFile writes a file (0600) atomically, and durably if asked.
func (s *Store) WriteFile(path string, data []byte, durable bool) error {
	temporary := filepath.Join(s.buildingFor(path), s.temporary())
	if err := writeNew(temporary, data, durable); err != nil {
		os.Remove(temporary)
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(temporary, path); err != nil {
		os.Remove(temporary)
		return fmt.Errorf("write %s: %w", path, err)
	}
	if !durable {
		return nil
	}
	return syncFolder(filepath.Dir(path))
}

func writeNew(path string, data []byte, durable bool) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err == nil && durable {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	return err
}

// buildingFor is the folder for half-made things on the file system of a path.
func (s *Store) buildingFor(path string) string {
	if strings.HasPrefix(path, s.run+"/") {
		return filepath.Join(s.run, "building")
	}
	return filepath.Join(s.root, "building")
}

// ReadRecord reads JSON strictly: a field the type does not have is an error, and so is a "format" above the given
// one, which only a newer agent can read.
func ReadRecord(path string, format int, into any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read a record: %w", err)
	}
	var version struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(data, &version); err != nil {
		return damaged(path, err)
	}
	if version.Format > format {
		return &api.Problem{
			Code: api.CodeUnsupported, Step: "read a record", Object: path,
			Detail: fmt.Sprintf("%s was written by a newer Slipway (format %d, this one knows %d); update the npm package pulumi-slipway",
				path, version.Format, format),
		}
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return damaged(path, err)
	}
	return nil
}

func damaged(path string, err error) error {
	return &fs.PathError{Op: "read the record", Path: path, Err: fmt.Errorf("%w: %w", ErrDamaged, err)}
}
