package monitor

import "syscall"

// chunkSize is how much output is taken from a pipe at once. A line that does not fit is written in parts.
const chunkSize = 16 << 10

// A monitor has one log and allocates nothing for it after the start: the garbage collector is off. The pages of these
// buffers take memory only once there is output.
var (
	chunk   [chunkSize]byte
	written [2 * chunkSize]byte
)

// log writes the container's output as api.LogLine says. It is made with the first output.
type log struct {
	folder int // descriptor of the container's folder
	file   int // 0 as long as there is none
	size   int64
	used   int // of written
}

var streams = [2]string{" stdout ", " stderr "}

// most is how many chunks are taken at once from a pipe that never runs dry; it is more than a pipe can hold.
const most = 2 << 20 / chunkSize

// copy takes what is in a pipe and writes it. It answers false at the end of the output.
func (l *log) copy(pipe, stream int) bool {
	for range most {
		n, err := syscall.Read(pipe, chunk[:])
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil:
			return err == syscall.EAGAIN
		case n == 0:
			return false
		}
		l.write(chunk[:n], stream)
	}
	return true
}

// write writes every full line with F, and what is left with P: whoever reads joins parts up to the next F.
func (l *log) write(output []byte, stream int) {
	at := now()
	for len(output) > 0 {
		end, tag := len(output), "P "
		rest := end
		for i, b := range output {
			if b == '\n' {
				end, rest, tag = i, i+1, "F "
				break
			}
		}
		l.add(at[:])
		l.add([]byte(streams[stream]))
		l.add([]byte(tag))
		l.add(output[:end])
		l.add([]byte("\n"))
		output = output[rest:]
	}
	l.flush()
	if l.size >= LogSize {
		l.rotate()
	}
}

func (l *log) add(bytes []byte) {
	if l.used+len(bytes) > len(written) {
		l.flush()
	}
	l.used += copy(written[l.used:], bytes)
}

// flush never fails: where the disk is full, lines are lost, because the container must not wait for its log.
func (l *log) flush() {
	if l.file == 0 && !l.open() {
		l.used = 0
		return
	}
	for at := 0; at < l.used; {
		n, err := syscall.Write(l.file, written[at:l.used])
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			break
		}
		at += n
		l.size += int64(n)
	}
	l.used = 0
}

func (l *log) open() bool {
	file, err := syscall.Openat(l.folder, LogName, syscall.O_WRONLY|syscall.O_APPEND|syscall.O_CREAT|closeOnExec, permissionsOfNewFiles)
	if err != nil {
		return false
	}
	l.file = file
	l.size, _ = syscall.Seek(file, 0, 2)
	return true
}

func (l *log) rotate() {
	if syscall.Renameat(l.folder, LogName, l.folder, OlderLogName) == nil {
		syscall.Close(l.file)
		l.file = 0
	}
}
