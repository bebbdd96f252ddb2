package recipe

import (
	"syscall"
	"unsafe"
)

// Mapped is a recipe in memory, ready to run. The monitor has one at a time; it is no Go memory, so that an idle
// monitor can give it back.
type Mapped struct {
	header *header
	layout layout
	start  unsafe.Pointer
	size   uintptr
	values Registers
}

// Map maps a recipe's file and turns the offsets in its steps and data into addresses. The mapping is private: the file
// stays as it is.
func Map(descriptor int) (*Mapped, error) {
	var stat syscall.Stat_t
	if err := syscall.Fstat(descriptor, &stat); err != nil {
		return nil, err
	}
	size := uintptr(stat.Size)
	address, _, errno := syscall.RawSyscall6(syscall.SYS_MMAP, 0, size, syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_PRIVATE|syscall.MAP_POPULATE, uintptr(descriptor), 0)
	if errno != 0 {
		return nil, errno
	}
	// The address is not Go's, so the rules for uintptr do not apply; going through a pointer to it tells vet so.
	start := *(*unsafe.Pointer)(unsafe.Pointer(&address))
	header, layout, err := parse(start, size)
	if err != nil {
		syscall.RawSyscall(syscall.SYS_MUNMAP, address, size, 0)
		return nil, err
	}
	m := &Mapped{header: header, layout: layout, start: start, size: size}
	m.relocate()
	return m, nil
}

// Unmap gives the memory back. The recipe is of no use afterwards.
func (m *Mapped) Unmap() {
	syscall.RawSyscall(syscall.SYS_MUNMAP, uintptr(m.start), m.size, 0)
}

func (m *Mapped) relocate() {
	base := uint64(uintptr(m.start) + m.layout.data)
	for at := m.layout.steps; at < m.layout.relocations; at += stepSize {
		step := (*Step)(unsafe.Add(m.start, at))
		for i := range step.Args {
			if step.InData&(1<<i) != 0 {
				step.Args[i] += base
			}
		}
	}
	for i := uintptr(0); i < uintptr(m.header.relocations); i++ {
		place := *(*uint32)(unsafe.Add(m.start, m.layout.relocations+4*i))
		*(*uint64)(unsafe.Add(m.start, m.layout.data+uintptr(place))) += base
	}
}

// Set gives a register its value before the lists begin.
func (m *Mapped) Set(register Register, value uintptr) { m.values[register%registers] = value }

// Before runs the first list in this process. The Failure has errno 0 where every step succeeded.
func (m *Mapped) Before() Failure { return m.list(0, m.header.before) }

// After runs the last list in this process.
func (m *Mapped) After() Failure { return m.list(m.header.before+m.header.child, m.header.after) }

func (m *Mapped) list(first, count uint32) Failure {
	index, errno := run(m.steps(first), uintptr(count), &m.values)
	return Failure{uint32(index), errno}
}

func (m *Mapped) steps(first uint32) unsafe.Pointer {
	return unsafe.Add(m.start, m.layout.steps+uintptr(first)*stepSize)
}

const (
	clonePidfd      = 0x1000
	cloneIntoCgroup = 0x200000000
)

// Fork clones the child, which runs the second list. It answers the child's process id and a descriptor for it.
// The caller has made the pipe of FailureDescriptor; its end without a Failure means that the program runs.
func (m *Mapped) Fork() (pid, pidfd int, err error) {
	var descriptor int32
	arguments := cloneArguments{
		flags:      m.header.flags | clonePidfd,
		pidfd:      uint64(uintptr(unsafe.Pointer(&descriptor))),
		exitSignal: uint64(syscall.SIGCHLD),
	}
	if m.header.group != 0 {
		arguments.flags |= cloneIntoCgroup
		arguments.cgroup = uint64(m.values[(m.header.group-1)%registers])
	}
	child, errno := fork(&arguments, m.steps(m.header.before), uintptr(m.header.child), &m.values)
	if errno != 0 {
		return 0, 0, errno
	}
	return int(child), int(descriptor), nil
}
