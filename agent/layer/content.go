package layer

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
)

// copyBuffer is large enough for few system calls and small enough for the processor's cache.
const copyBuffer = 256 << 10

// copy writes all of content, one buffer at a time.
func (t *tree) copy(file io.Writer, content io.Reader) error {
	if t.buffer == nil {
		t.buffer = make([]byte, copyBuffer)
	}
	for {
		if err := t.ctx.Err(); err != nil {
			return err
		}
		n, err := content.Read(t.buffer)
		if n > 0 {
			if _, err := file.Write(t.buffer[:n]); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read its content: %w", err)
		}
	}
}

// sparse tells whether an entry was packed with holes; its content then comes with zeros in them.
func sparse(header *tar.Header) bool {
	if header.Typeflag == tar.TypeGNUSparse {
		return true
	}
	for record := range header.PAXRecords {
		if strings.HasPrefix(record, "GNU.sparse.") {
			return true
		}
	}
	return false
}

// sparseFile skips zeros instead of writing them. The file has its full size before.
type sparseFile struct{ *os.File }

var zeros [copyBuffer]byte

// Write skips the bytes if all of them are zero.
func (f *sparseFile) Write(data []byte) (int, error) {
	if !bytes.Equal(data, zeros[:len(data)]) {
		return f.File.Write(data)
	}
	_, err := f.Seek(int64(len(data)), io.SeekCurrent)
	return len(data), err
}
