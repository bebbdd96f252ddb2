package server

import "net/http"

// stream is an answer that is written piece by piece and seen by the client at once. Nothing is sent before the
// first piece, so that a failure before it can still be a problem.
type stream struct {
	writer http.ResponseWriter
	// content is the type of what is written.
	content string
	began   bool
}

// Write sends one piece.
func (s *stream) Write(piece []byte) (int, error) {
	if !s.began {
		s.began = true
		s.writer.Header().Set("Content-Type", s.content)
		s.writer.WriteHeader(http.StatusOK)
	}
	n, err := s.writer.Write(piece)
	if err == nil {
		err = http.NewResponseController(s.writer).Flush()
	}
	return n, err
}

// finish ends the answer. A failure after the first piece breaks the stream off, because an answer that merely
// stops would look complete.
func (s *stream) finish(err error) error {
	switch {
	case err == nil && !s.began:
		_, err = s.Write(nil)
		return err
	case err != nil && s.began:
		panic(http.ErrAbortHandler)
	default:
		return err
	}
}
