package monitor

import (
	"syscall"
	"unsafe"

	"pulumi-slipway/agent/recipe"
)

// An Order asks a monitor to start a container, or to adopt one that runs and has lost its monitor. With its message come
// descriptors (SCM_RIGHTS): of the recipe, and for a container that runs also of its first process and of what is to be
// read as its standard output and standard error.
type Order struct {
	// Folder is the container's on the disk, State its file below /run; both are absolute paths.
	Folder, State string
}

// toStart and toAdopt are how many descriptors come with an order.
const (
	toStart = 1
	toAdopt = 4
)

// Encode writes the order as one message.
func (o Order) Encode() []byte { return []byte(o.Folder + "\x00" + o.State) }

func decodeOrder(message []byte) (Order, bool) {
	folder, state, ok := cut(message)
	return Order{folder, state}, ok
}

func cut(message []byte) (before, after string, ok bool) {
	for i, b := range message {
		if b == 0 {
			return string(message[:i]), string(message[i+1:]), true
		}
	}
	return "", "", false
}

// Kind is what a report says.
type Kind uint32

// The reports of a monitor.
const (
	// Started: the program has been executed.
	Started Kind = iota + 1
	// Failed: it could not be; nothing is left of the attempt.
	Failed
	// Exited: the first process has ended. The exit status and the rest of the log are on the disk when the monitor
	// has closed its socket.
	Exited
)

// Own as the list of a failure means a step of the monitor's own, named in Step and Object.
const Own = recipe.Which(^uint32(0))

// Report is one message from a monitor.
type Report struct {
	Kind Kind
	// Code is the exit code of Exited.
	Code int32
	// List, Index and Errno tell which step Failed.
	List  recipe.Which
	Index uint32
	Errno syscall.Errno
	// Step and Object name a step of the monitor's own.
	Step, Object string
}

// fixed is the part of a report before its texts, in the byte order of the machine.
type fixed struct {
	kind  uint32
	code  int32
	list  uint32
	index uint32
	errno uint32
}

const fixedSize = int(unsafe.Sizeof(fixed{}))

// LargestReport is enough to receive any report.
const LargestReport = 1024

// Encode writes the report as one message.
func (r Report) Encode() []byte {
	f := fixed{uint32(r.Kind), r.Code, uint32(r.List), r.Index, uint32(r.Errno)}
	message := append([]byte(nil), unsafe.Slice((*byte)(unsafe.Pointer(&f)), fixedSize)...)
	message = append(append(append(message, r.Step...), 0), r.Object...)
	return message[:min(len(message), LargestReport)]
}

// DecodeReport reads a message from a monitor.
func DecodeReport(message []byte) (Report, bool) {
	var f fixed
	if len(message) < fixedSize {
		return Report{}, false
	}
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&f)), fixedSize), message)
	step, object, ok := cut(message[fixedSize:])
	return Report{Kind(f.kind), f.code, recipe.Which(f.list), f.index, syscall.Errno(f.errno), step, object}, ok
}
