package recipe

import (
	"syscall"
	"unsafe"
)

const sysOpenat2 = 437

// run carries out count steps. It answers the index of the step that failed, or count, and that step's errno.
//
// It runs in a forked child, where the stack cannot grow and nothing of the runtime may be called (see fork): it must
// stay free of allocation, of calls but RawSyscall6, and of anything that could panic.
//
//go:nosplit
//go:norace
//go:nocheckptr
func run(list unsafe.Pointer, count uintptr, values *Registers) (uintptr, syscall.Errno) {
	for i := uintptr(0); i < count; i++ {
		step := (*Step)(unsafe.Add(list, i*unsafe.Sizeof(Step{})))
		var args [6]uintptr
		for n := 0; n < 6; n++ {
			args[n] = uintptr(step.Args[n])
			if step.InRegister&(1<<n) != 0 {
				args[n] = values[args[n]%registers]
			}
		}
		result, _, errno := syscall.RawSyscall6(uintptr(step.Number), args[0], args[1], args[2], args[3], args[4], args[5])
		switch {
		case errno == 0:
			if step.Save != 0 {
				values[(step.Save-1)%registers] = result
			}
		case errno == syscall.EINTR:
			i-- // The runtime's own signals interrupt the monitor's lists.
		case errno == syscall.EAGAIN && step.Number == sysOpenat2:
			i-- // It gives up on a ".." of a link when anything anywhere is mounted or renamed meanwhile.
		case step.tolerates(errno):
			i += uintptr(step.Skip)
		default:
			return i, errno
		}
	}
	return count, 0
}

//go:nosplit
//go:norace
func (s *Step) tolerates(errno syscall.Errno) bool {
	for n := 0; n < len(s.Tolerated); n++ {
		if errno == syscall.Errno(s.Tolerated[n]) {
			return true
		}
	}
	return false
}
