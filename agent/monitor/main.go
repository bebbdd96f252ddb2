package monitor

import (
	"runtime"
	"syscall"
	"unsafe"

	"pulumi-slipway/agent/recipe"
)

// socket is the descriptor on which orders come and reports go.
const socket = 0

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
	o, descriptors, ok := receive()
	if !ok {
		return
	}
	c := &container{pipes: pipes, recipe: descriptors[0]}
	if len(descriptors) == toAdopt {
		f = c.adopt(o, descriptors)
	} else {
		f = c.start(o)
	}
	if f != nil {
		send(f.report())
		return
	}
	send(Report{Kind: Started})
	c.watch()
	if len(descriptors) == toAdopt {
		c.drain()
		c.finish()
		return
	}
	code := c.reap()
	heard := send(Report{Kind: Exited, Code: int32(code)})
	c.drain()
	c.writeExit(code, !heard)
	c.finish()
}

// longestPath is PATH_MAX.
const longestPath = 4096

// receive waits for an order and the descriptors that come with it. There is none where the agent has gone away.
func receive() (o Order, descriptors []int, ok bool) {
	// Two paths of the longest kind, and the descriptors with their header.
	message, rights := make([]byte, 2*longestPath), make([]byte, 64)
	for {
		n, control, _, _, err := syscall.Recvmsg(socket, message, rights, syscall.MSG_CMSG_CLOEXEC)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return o, nil, false
		}
		descriptors, ok = received(rights[:control])
		if ok {
			o, ok = decodeOrder(message[:n])
		}
		return o, descriptors, ok
	}
}

// received are the descriptors that came with a message.
func received(rights []byte) ([]int, bool) {
	messages, err := syscall.ParseSocketControlMessage(rights)
	if err != nil || len(messages) != 1 {
		return nil, false
	}
	descriptors, err := syscall.ParseUnixRights(&messages[0])
	return descriptors, err == nil && (len(descriptors) == toStart || len(descriptors) == toAdopt)
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

// drain copies the rest of the output. With the first process all others of its namespace are dead, so the pipes hold
// all there will ever be.
func (c *container) drain() {
	for stream, pipe := range c.pipes.output {
		c.log.copy(pipe, stream)
	}
}

// finish removes the container's groups.
func (c *container) finish() {
	if r, err := recipe.Map(c.recipe); err == nil {
		undo(r)
	}
	// The end of the socket tells the agent that all is written; what follows is the end of the mounts.
	syscall.Close(socket)
}
