package layer

import (
	"archive/tar"
	"fmt"
	"io"
	"sync/atomic"

	"pulumi-slipway/agent/api"
)

// bytesPerEntry bounds the number of files and folders by that of the bytes: a folder takes an inode and memory here,
// and next to no bytes in an archive. Images have 20 to 100 KiB for each.
const bytesPerEntry = 8 << 10

// Budget is what archives that others made may take, all layers of an image together: a few kilobytes can unpack to
// more than any disk holds. Nil is no bound.
type Budget struct {
	limit, mostEntries int64
	bytes, entries     atomic.Int64
}

// NewBudget makes a budget of bytes, and of as many entries as go with them.
func NewBudget(bytes int64) *Budget {
	b := &Budget{limit: bytes, mostEntries: min(max(bytes/bytesPerEntry, 1000), 4_000_000)}
	b.bytes.Store(b.limit)
	b.entries.Store(b.mostEntries)
	return b
}

// entry takes an entry, and the holes of one that is sparse: those take no room, but reading them takes time.
func (b *Budget) entry(header *tar.Header) error {
	if b == nil {
		return nil
	}
	if b.entries.Add(-1) < 0 {
		return b.exceeded(fmt.Sprintf("%d files", b.mostEntries))
	}
	if sparse(header) {
		return b.take(header.Size)
	}
	return nil
}

func (b *Budget) take(bytes int64) error {
	// What is taken is compared first: no sum of sizes that an archive makes up may overflow.
	if bytes > b.limit || b.bytes.Add(-bytes) < 0 {
		return b.exceeded(fmt.Sprintf("%d bytes", b.limit))
	}
	return nil
}

func (b *Budget) exceeded(bound string) error {
	return &api.Problem{Code: api.CodeTooLarge, Step: "unpack", Object: bound,
		Detail: "unpacked, the image is larger than " + bound + "; if it is to be trusted, raise `maxSize`"}
}

// reader takes every byte that is read.
func (b *Budget) reader(from io.Reader) io.Reader {
	if b == nil {
		return from
	}
	return budgeted{from, b}
}

type budgeted struct {
	from   io.Reader
	budget *Budget
}

// Read reads, as long as the budget lasts.
func (r budgeted) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	if over := r.budget.take(int64(n)); over != nil {
		return 0, over
	}
	return n, err
}
