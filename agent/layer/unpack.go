package layer

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"
)

// unpacked says what an archive turned out to be.
type unpacked struct {
	// diffID is the digest of the uncompressed archive, to its last byte.
	diffID string
	// size is the sum of its files' sizes in bytes.
	size int64
	// implied are the folders it has no entry for, sorted; "." is the root.
	implied [][]byte
}

// unpack reads an archive to its end and makes its entries below the folder.
func unpack(ctx context.Context, folder string, archive io.Reader, budget *Budget) (unpacked, error) {
	plain, err := decompress(archive)
	if err != nil {
		return unpacked{}, failed("unpack", "the archive", err)
	}
	defer plain.Close()
	t, err := openTree(ctx, folder)
	if err != nil {
		return unpacked{}, err
	}
	defer t.close()
	hash := sha256.New()
	stream := &counted{Reader: bufio.NewReaderSize(io.TeeReader(budget.reader(plain), hash), copyBuffer)}
	size, marked, err := t.addAll(stream, budget)
	if err != nil {
		return unpacked{}, err
	}
	if !marked {
		return unpacked{}, failed("read", "the archive", fmt.Errorf("%w: it is cut off, its end mark is missing", errInvalid))
	}
	if err := t.copy(padding{}, stream); err != nil {
		return unpacked{}, failed("read", "the archive", err)
	}
	if err := t.setFolderTimes(); err != nil {
		return unpacked{}, err
	}
	implied := make([][]byte, 0, len(t.implied))
	for _, path := range slices.Sorted(maps.Keys(t.implied)) {
		implied = append(implied, []byte(path))
	}
	return unpacked{"sha256:" + hex.EncodeToString(hash.Sum(nil)), size, implied}, nil
}

// addAll makes every entry. It answers the sum of the files' sizes and whether the archive's end mark was there.
func (t *tree) addAll(stream *counted, budget *Budget) (size int64, marked bool, err error) {
	entries, before := tar.NewReader(stream), "the start"
	for {
		if err := t.ctx.Err(); err != nil {
			return 0, false, failed("unpack", "the archive", err)
		}
		// The content of the entry before was read, so less than a block of padding stands before the next header.
		from := stream.n
		header, err := entries.Next()
		if err == io.EOF {
			return size, stream.n-from >= block, nil
		}
		if err != nil && header == nil {
			return 0, false, failed("read", "the archive", fmt.Errorf("after %s: %w", before, err))
		}
		if header.Typeflag == tar.TypeXGlobalHeader || header.Typeflag == typeGNULabel {
			continue
		}
		if err := budget.entry(header); err != nil {
			return 0, false, failed("unpack", header.Name, err)
		}
		if err := t.add(header, entries); err != nil {
			return 0, false, err
		}
		before = fmt.Sprintf("%q", header.Name)
		if hasContent(header) {
			size += header.Size
		}
	}
}

// typeGNULabel names the archive itself, as `tar --label` does.
const typeGNULabel = 'V'

// block is the unit of a tar archive.
const block = 512

// counted counts what is read of an archive.
type counted struct {
	io.Reader
	n int64
}

// Read reads and counts.
func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}

// padding takes what follows an archive's end mark: zeros.
type padding struct{}

// Write fails where something else follows, because it would be lost without a word.
func (padding) Write(data []byte) (int, error) {
	if !bytes.Equal(data, zeros[:len(data)]) {
		return 0, fmt.Errorf("%w: more follows after its end mark; two archives joined by cat are to be joined by `tar -A`", errInvalid)
	}
	return len(data), nil
}
