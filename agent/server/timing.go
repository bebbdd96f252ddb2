package server

import (
	"fmt"
	"net/http"
	"time"

	"pulumi-slipway/agent/timing"
)

// stamped writes the header Server-Timing with the time between the request's arrival and the answer, and to every
// moment marked on the way, in milliseconds, so that measuring needs no clock shared with the host.
type stamped struct {
	http.ResponseWriter
	marks *timing.Marks
	wrote bool
}

// WriteHeader adds the times before the status is sent; an interim one needs none.
func (s *stamped) WriteHeader(status int) {
	if !s.wrote && status >= 200 {
		s.wrote = true
		for _, moment := range s.marks.Moments() {
			s.stamp(moment.Name, moment.After)
		}
		s.stamp("total", s.marks.SinceBegin())
	}
	s.ResponseWriter.WriteHeader(status)
}

func (s *stamped) stamp(name string, after time.Duration) {
	s.Header().Add("Server-Timing", fmt.Sprintf("%s;dur=%.3f", name, float64(after.Microseconds())/1000))
}

// Unwrap lets http.ResponseController reach the flushing of the writer below.
func (s *stamped) Unwrap() http.ResponseWriter { return s.ResponseWriter }
