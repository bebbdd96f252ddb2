package monitor

import (
	"runtime"
	"syscall"
	"unsafe"
)

// socket is the descriptor on which orders come and reports go.
const socket = 0

var order [8192]byte

// Main is a monitor's life, see the package comment.
func Main() {
	// Priorities belong to a thread, and a child has those of the thread that forks it.
	runtime.LockOSThread()
	clean()
	pipes, f := prepare()
	if f != nil {
		send(f.report())
		return
	}
	n, err := syscall.Read(socket, order[:])
	for err == syscall.EINTR {
		n, err = syscall.Read(socket, order[:])
	}
	o, ok := decodeOrder(order[:max(n, 0)])
	if !ok {
		return
	}
	c := &container{pipes: pipes}
	if f := c.start(o); f != nil {
		send(f.report())
		return
	}
	send(Report{Kind: Started})
	c.watch()
	code := c.reap()
	heard := send(Report{Kind: Exited, Code: int32(code)})
	c.finish(code, heard)
}

// send reports to the agent, if there still is one.
func send(r Report) (heard bool) {
	message := r.Encode()
	_, _, errno := syscall.Syscall6(syscall.SYS_SENDTO, socket, uintptr(unsafe.Pointer(&message[0])), uintptr(len(message)),
		syscall.MSG_NOSIGNAL|syscall.MSG_DONTWAIT, 0, 0)
	return errno == 0
}

// pollDescriptor is struct pollfd of poll(2).
type pollDescriptor struct {
	descriptor      int32
	events, revents int16
}

const pollIn = 1

// watch copies the output into the log until the first process has ended.
func (c *container) watch() {
	set := [3]pollDescriptor{
		{descriptor: int32(c.pipes.output[0]), events: pollIn},
		{descriptor: int32(c.pipes.output[1]), events: pollIn},
		{descriptor: int32(c.pidfd), events: pollIn},
	}
	for set[2].revents == 0 {
		// Syscall, not RawSyscall: the runtime has to know that this thread sleeps, or it would wake every 10 ms to look.
		syscall.Syscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&set)), uintptr(len(set)), 0, 0, 0, 0)
		for stream := range c.pipes.output {
			if set[stream].revents != 0 && !c.log.copy(c.pipes.output[stream], stream) {
				set[stream].descriptor = -1
			}
		}
	}
}

// finish writes down what is left to be known, and removes the container's groups. With the first process all others of
// its namespace are dead, so the pipes hold all there will ever be.
func (c *container) finish(code int, heard bool) {
	for stream, pipe := range c.pipes.output {
		c.log.copy(pipe, stream)
	}
	c.writeExit(code, !heard)
	if r, f := c.mapRecipe(); f == nil {
		undo(r)
	}
	// The end of the socket tells the agent that all is written; what follows is the end of the mounts.
	syscall.Close(socket)
}
