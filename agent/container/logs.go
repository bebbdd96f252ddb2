package container

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"pulumi-slipway/agent/monitor"
)

// Logs writes the log's last lines in the form of api.LogLine, all where tail is negative, and with follow goes on
// until the container has ended or ctx has.
func (c *Containers) Logs(ctx context.Context, incarnation string, tail int, follow bool, to io.Writer) error {
	p, err := c.find(incarnation)
	if err != nil {
		return err
	}
	reader := &logReader{place: p}
	defer reader.close()
	lines, err := reader.all(tail)
	if err != nil {
		return err
	}
	if _, err := to.Write(lines); err != nil {
		return fmt.Errorf("send the log: %w", err)
	}
	for follow {
		// Whether there can be more is asked before the rest is read, so that nothing is missed.
		more, err := p.mayWrite()
		if err != nil {
			return err
		}
		lines, err := reader.next()
		if err != nil {
			return err
		}
		if len(lines) > 0 {
			if _, err := to.Write(lines); err != nil {
				return fmt.Errorf("send the log: %w", err)
			}
			continue
		}
		if !more {
			return nil
		}
		select {
		case <-time.After(glance):
		case <-ctx.Done():
			return nil
		}
	}
	return nil
}

// mayWrite tells whether the container's log can still grow.
func (p place) mayWrite() (bool, error) {
	o, err := p.observe()
	if err != nil {
		return false, err
	}
	defer o.close()
	if o.running() {
		return true, nil
	}
	pid, err := p.monitorOf()
	return pid != 0, err
}

// logReader reads a log that grows, and that is renamed when it has grown too large.
type logReader struct {
	place place
	file  *os.File
	// begun is a line of which the end is not written yet.
	begun []byte
}

func (r *logReader) close() {
	if r.file != nil {
		r.file.Close()
	}
}

// all reads what there is, the older file included: the last lines of it, or everything where last is negative.
func (r *logReader) all(last int) ([]byte, error) {
	older, err := os.ReadFile(r.place.file(monitor.OlderLogName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the log: %w", err)
	}
	current, err := r.next()
	if err != nil {
		return nil, err
	}
	lines := append(older, current...)
	if last < 0 {
		return lines, nil
	}
	start := len(lines)
	for start > 0 {
		begin := bytes.LastIndexByte(lines[:start-1], '\n') + 1
		// Parts of a line are counted with its end, and at the end of the log by themselves.
		if isFull(lines[begin:start]) || start == len(lines) {
			if last == 0 {
				break
			}
			last--
		}
		start = begin
	}
	return lines[start:], nil
}

// isFull tells whether an entry of the log ("<time> <stream> <F|P> <bytes>") ends a line of the program.
func isFull(entry []byte) bool {
	fields := bytes.SplitN(entry, []byte(" "), 4)
	return len(fields) == 4 && string(fields[2]) == "F"
}

// next reads the full lines that were written since.
func (r *logReader) next() ([]byte, error) {
	var lines []byte
	for {
		if r.file == nil {
			file, err := os.Open(r.place.file(monitor.LogName))
			if errors.Is(err, fs.ErrNotExist) {
				return lines, nil
			}
			if err != nil {
				return nil, fmt.Errorf("read the log: %w", err)
			}
			r.file = file
		}
		// Whether it was put aside is asked before the rest is read: nothing is written to it afterwards.
		current, err := r.isCurrent()
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(r.file)
		if err != nil {
			return nil, fmt.Errorf("read the log: %w", err)
		}
		data = append(r.begun, data...)
		end := bytes.LastIndexByte(data, '\n') + 1
		lines, r.begun = append(lines, data[:end]...), bytes.Clone(data[end:])
		if current {
			return lines, nil
		}
		r.file.Close()
		r.file, r.begun = nil, nil
	}
}

func (r *logReader) isCurrent() (bool, error) {
	ours, err := r.file.Stat()
	if err != nil {
		return false, fmt.Errorf("read the log: %w", err)
	}
	current, err := os.Stat(r.place.file(monitor.LogName))
	if errors.Is(err, fs.ErrNotExist) {
		// Put aside, or the container is being removed. Either way there is an end to what this file gets.
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("read the log: %w", err)
	}
	return os.SameFile(ours, current), nil
}

// longestLine is what a failure shows of a line, in bytes; `slipway logs` has all of it.
const longestLine = 4 << 10

// lastLogLines are the last lines as the program wrote them, for a failure; what cannot be read is not worth another
// failure.
func lastLogLines(p place, count int) []string {
	reader := &logReader{place: p}
	defer reader.close()
	log, err := reader.all(-1)
	if err != nil {
		return nil
	}
	var lines []string
	var parts strings.Builder
	scanner := bufio.NewScanner(bytes.NewReader(log))
	for scanner.Scan() {
		// "<time> <stream> <F|P> <bytes>"
		fields := bytes.SplitN(scanner.Bytes(), []byte(" "), 4)
		if len(fields) < 4 {
			continue
		}
		part := fields[3]
		if room := longestLine - parts.Len(); room < len(part) {
			part = part[:max(0, room)]
		}
		parts.Write(part)
		if string(fields[2]) == "F" {
			lines = append(lines, parts.String())
			parts.Reset()
		}
	}
	if parts.Len() > 0 {
		lines = append(lines, parts.String())
	}
	return lines[max(0, len(lines)-count):]
}
