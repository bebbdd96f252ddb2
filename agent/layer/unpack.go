package layer

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"slices"
)

// unpacked says what an archive turned out to be.
type unpacked struct {
	// diffID is the digest of the uncompressed archive, to its last byte.
	diffID string
	// size is the sum of its files' sizes in bytes.
	size int64
	// implied are the folders it has no entry for, sorted; "." is the root.
	implied []string
}

// unpack reads an archive to its end and makes its entries below the folder.
func unpack(ctx context.Context, folder string, archive io.Reader) (unpacked, error) {
	plain, compression, err := decompress(archive)
	if err != nil {
		return unpacked{}, failed("unpack", "the archive", err)
	}
	defer plain.Close()
	t, err := openTree(ctx, folder)
	if err != nil {
		return unpacked{}, err
	}
	defer t.close()
	seen := &measured{hash: sha256.New()}
	stream := bufio.NewReaderSize(io.TeeReader(plain, seen), copyBuffer)
	size, err := t.addAll(stream)
	if err != nil {
		return unpacked{}, err
	}
	// What follows the archive's end is padding, or whatever the tool that made it left there; it counts for the diff id.
	if err := t.copy(io.Discard, stream); err != nil {
		return unpacked{}, failed("read", "the archive", err)
	}
	// Only compressed streams say themselves where they end.
	if compression == "" && !seen.ended() {
		return unpacked{}, failed("read", "the archive", fmt.Errorf("%w: it is cut off or no tar archive: its end mark is missing", errInvalid))
	}
	if err := t.setFolderTimes(); err != nil {
		return unpacked{}, err
	}
	implied := make([]string, 0, len(t.implied))
	for path := range t.implied {
		implied = append(implied, path)
	}
	slices.Sort(implied)
	return unpacked{"sha256:" + hex.EncodeToString(seen.hash.Sum(nil)), size, implied}, nil
}

// addAll makes every entry and answers the sum of the files' sizes.
func (t *tree) addAll(stream io.Reader) (int64, error) {
	entries := tar.NewReader(stream)
	size, before := int64(0), "the start"
	for {
		if err := t.ctx.Err(); err != nil {
			return 0, failed("unpack", "the archive", err)
		}
		header, err := entries.Next()
		if err == io.EOF {
			return size, nil
		}
		if err != nil && header == nil {
			return 0, failed("read", "the archive", fmt.Errorf("after %s: %w", before, err))
		}
		if header.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		if err := t.add(header, entries); err != nil {
			return 0, err
		}
		before = fmt.Sprintf("%q", header.Name)
		if hasContent(header) {
			size += header.Size
		}
	}
}

// measured notes what passed: its digest, and its last bytes.
type measured struct {
	hash hash.Hash
	last [512]byte
	n    int64
}

// Write takes note of bytes; it never fails.
func (m *measured) Write(data []byte) (int, error) {
	m.hash.Write(data)
	m.n += int64(len(data))
	if len(data) >= len(m.last) {
		copy(m.last[:], data[len(data)-len(m.last):])
	} else {
		copy(m.last[:], m.last[len(data):])
		copy(m.last[len(m.last)-len(data):], data)
	}
	return len(data), nil
}

// ended tells whether the last block was a tar archive's end mark or padding after it.
func (m *measured) ended() bool {
	return m.n >= int64(len(m.last)) && bytes.Equal(m.last[:], zeros[:len(m.last)])
}
