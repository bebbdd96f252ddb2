// Package timing carries moments of a request from where they happen to whoever measures it: a resource marks them,
// the server writes them into the answer's Server-Timing header. It holds nothing but that, and measures nothing on
// its own.
package timing

import (
	"context"
	"sync"
	"time"
)

// Exit is the moment at which the agent learnt that the container of a request had ended.
const Exit = "exit"

// Marks are the moments of one request. They may be set while they are read.
type Marks struct {
	began   time.Time
	mutex   sync.Mutex
	moments []Moment
}

// Moment is a name and the time since the request arrived.
type Moment struct {
	Name  string
	After time.Duration
}

type key struct{}

// Begin starts the clock of a request, now.
func Begin(ctx context.Context) (context.Context, *Marks) {
	marks := &Marks{began: time.Now()}
	return context.WithValue(ctx, key{}, marks), marks
}

// Mark notes that something has just happened. Outside a request it does nothing.
func Mark(ctx context.Context, name string) {
	marks, ok := ctx.Value(key{}).(*Marks)
	if !ok {
		return
	}
	after := time.Since(marks.began)
	marks.mutex.Lock()
	defer marks.mutex.Unlock()
	marks.moments = append(marks.moments, Moment{name, after})
}

// Moments are those marked so far, in order.
func (m *Marks) Moments() []Moment {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return append([]Moment(nil), m.moments...)
}

// SinceBegin is the time since the request arrived.
func (m *Marks) SinceBegin() time.Duration { return time.Since(m.began) }
