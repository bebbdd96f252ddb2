package server

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// The bounds of the time between two readings, in milliseconds: what a kernel can bear, and a day.
const (
	shortestInterval = 100
	usualInterval    = 1000
	longestInterval  = 24 * 60 * 60 * 1000
)

func (functions Functions) stats(w http.ResponseWriter, r *http.Request) error {
	query := askedOf(r)
	follow, interval := query.truth("follow"), query.number("interval", usualInterval, shortestInterval, longestInterval)
	if err := query.problem(); err != nil {
		return err
	}
	if !follow {
		stats, err := functions.Stats(r.Context())
		return answerJSON(w, stats, err)
	}
	lines := &stream{writer: w, content: "application/x-ndjson"}
	return lines.finish(functions.followStats(r.Context(), time.Duration(interval)*time.Millisecond, lines))
}

// followStats writes a reading after every interval until the client is gone. One that reads slowly gets fewer readings, not
// old ones: nothing is read before the last one is written.
func (functions Functions) followStats(ctx context.Context, interval time.Duration, to *stream) error {
	next := time.Now()
	for {
		stats, err := functions.Stats(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		line, err := json.Marshal(stats)
		if err != nil {
			return fmt.Errorf("write the answer: %w", err)
		}
		if _, err := to.Write(append(line, '\n')); err != nil {
			// The client is gone; there is nobody to tell.
			return nil
		}
		next = next.Add(interval)
		if now := time.Now(); next.Before(now) {
			next = now.Add(interval)
		}
		select {
		case <-time.After(time.Until(next)):
		case <-ctx.Done():
			return nil
		}
	}
}
