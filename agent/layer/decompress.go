package layer

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// largestWindow bounds the memory an archive may ask for to be unpacked; `zstd --ultra --long=27` needs as much.
const largestWindow = 128 << 20

// format is how an archive is compressed, known by its first bytes.
type format struct {
	name  string
	magic []byte
	// open is nil for formats that are known only to be named in an error.
	open func(io.Reader) (io.ReadCloser, error)
}

var formats = []format{
	{"gzip", []byte{0x1f, 0x8b}, openGzip},
	{"zstd", []byte{0x28, 0xb5, 0x2f, 0xfd}, openZstd},
	{"zstd", []byte{0x50, 0x2a, 0x4d, 0x18}, openZstd}, // a frame to be skipped, with which pzstd begins
	{"xz", []byte{0xfd, '7', 'z', 'X', 'Z', 0}, nil},
	{"bzip2", []byte("BZh"), nil},
	{"lz4", []byte{0x04, 0x22, 0x4d, 0x18}, nil},
	{"lzip", []byte("LZIP"), nil},
	{"lzma", []byte{0x5d, 0, 0}, nil},
	{"compress", []byte{0x1f, 0x9d}, nil},
	{"zip", []byte("PK\x03\x04"), nil},
}

// ustarAt is where the header of an entry says that it is one, in every format but the oldest.
const ustarAt = 257

// decompress answers the archive's own bytes.
func decompress(from io.Reader) (io.ReadCloser, error) {
	buffered := bufio.NewReaderSize(from, copyBuffer)
	start, err := buffered.Peek(block)
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("read the archive: %w", err)
	}
	// The first bytes of a plain archive are its first file's name, which may be anything.
	if bytes.HasPrefix(start[min(len(start), ustarAt):], []byte("ustar")) {
		return io.NopCloser(buffered), nil
	}
	for _, format := range formats {
		if !bytes.HasPrefix(start, format.magic) {
			continue
		}
		if format.open == nil {
			return nil, fmt.Errorf("%w: it is packed with %s; use tar, plain or compressed with gzip or zstd", errInvalid, format.name)
		}
		opened, err := format.open(buffered)
		if err != nil {
			return nil, fmt.Errorf("%w: read it as %s: %w", errInvalid, format.name, err)
		}
		return opened, nil
	}
	return io.NopCloser(buffered), nil
}

func openGzip(from io.Reader) (io.ReadCloser, error) { return gzip.NewReader(from) }

func openZstd(from io.Reader) (io.ReadCloser, error) {
	opened, err := zstd.NewReader(from, zstd.WithDecoderMaxWindow(largestWindow), zstd.WithDecoderLowmem(true))
	if err != nil {
		return nil, err
	}
	return zstdReader{opened.IOReadCloser()}, nil
}

// zstdReader says how to make an archive that needs less memory.
type zstdReader struct{ io.ReadCloser }

func (r zstdReader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if errors.Is(err, zstd.ErrWindowSizeExceeded) {
		err = fmt.Errorf("%w: %w: compress with at most `zstd --long=27`", errInvalid, err)
	}
	return n, err
}
