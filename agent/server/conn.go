package server

import (
	"bufio"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Conn is a pair of files as a network connection. Its reads can be ended by Close although the files stay in
// blocking mode: O_NONBLOCK belongs to the open file, which sshd, sudo or a shell may share with us.
type Conn struct {
	in, out *os.File
	reader  *bufio.Reader
	wake    [2]int
	closed  chan struct{}
	close   sync.Once
}

// NewConn makes a connection that reads from in and writes to out. Close leaves both files open, because a write
// may be blocked in out for as long as the peer likes; the end of the process closes them.
func NewConn(in, out *os.File) (*Conn, error) {
	c := &Conn{in: in, out: out, closed: make(chan struct{})}
	if err := unix.Pipe2(c.wake[:], unix.O_CLOEXEC); err != nil {
		return nil, os.NewSyscallError("pipe2 for the end of the session", err)
	}
	// HTTP/2 reads nine bytes and then a payload; the buffer makes one system call of several frames.
	c.reader = bufio.NewReaderSize(readerFunc(c.read), 64<<10)
	return c, nil
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// read waits until the input has bytes or Close was called.
func (c *Conn) read(p []byte) (int, error) {
	fds := []unix.PollFd{{Fd: int32(c.in.Fd()), Events: unix.POLLIN}, {Fd: int32(c.wake[0]), Events: unix.POLLIN}}
	for {
		if _, err := unix.Poll(fds, -1); err == unix.EINTR {
			continue
		} else if err != nil {
			return 0, os.NewSyscallError("poll the session's input", err)
		}
		if fds[1].Revents != 0 {
			return 0, net.ErrClosed
		}
		return c.in.Read(p)
	}
}

// Read fails with net.ErrClosed once the connection is closed.
func (c *Conn) Read(p []byte) (int, error) { return c.reader.Read(p) }

// Write fails with net.ErrClosed once the connection is closed; one that had begun before stays blocked as long as
// the peer does not read.
func (c *Conn) Write(p []byte) (int, error) {
	select {
	case <-c.closed:
		return 0, net.ErrClosed
	default:
		return c.out.Write(p)
	}
}

// Close ends every Read, now and later.
func (c *Conn) Close() error {
	c.close.Do(func() {
		close(c.closed)
		unix.Close(c.wake[1])
	})
	return nil
}

// Closed is closed when the connection is.
func (c *Conn) Closed() <-chan struct{} { return c.closed }

type stdioAddr struct{}

func (stdioAddr) Network() string { return "stdio" }
func (stdioAddr) String() string  { return "stdio" }

// LocalAddr and RemoteAddr name no place: the peer is whoever holds the other end of the files.
func (c *Conn) LocalAddr() net.Addr { return stdioAddr{} }

// RemoteAddr is the same as LocalAddr.
func (c *Conn) RemoteAddr() net.Addr { return stdioAddr{} }

// SetDeadline and its two companions do nothing: a vanished peer is noticed by HTTP/2 pings, which close the
// connection, and no other limit is set on it.
func (c *Conn) SetDeadline(time.Time) error { return nil }

// SetReadDeadline does nothing, see SetDeadline.
func (c *Conn) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing, see SetDeadline.
func (c *Conn) SetWriteDeadline(time.Time) error { return nil }
