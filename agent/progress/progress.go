// Package progress carries how far a request has got from where the work is done to the server, which tells whoever
// waits for it.
package progress

import (
	"context"
	"sync/atomic"
)

// Meter counts bytes: those that are to come, and those that came. Any goroutine may use it, and nil counts nothing.
type Meter struct{ done, total atomic.Int64 }

type key struct{}

// With makes a context whose work counts on a meter.
func With(ctx context.Context) (context.Context, *Meter) {
	meter := new(Meter)
	return context.WithValue(ctx, key{}, meter), meter
}

// Of is the meter of a context, nil where nobody looks.
func Of(ctx context.Context) *Meter {
	meter, _ := ctx.Value(key{}).(*Meter)
	return meter
}

// Expect counts bytes that are to come.
func (m *Meter) Expect(bytes int64) {
	if m != nil {
		m.total.Add(bytes)
	}
}

// Advance counts bytes that came, or with less than 0 those that have to come once more.
func (m *Meter) Advance(bytes int64) {
	if m != nil {
		m.done.Add(bytes)
	}
}

// Read is how many bytes came, and how many there are.
func (m *Meter) Read() (done, total int64) { return m.done.Load(), m.total.Load() }
