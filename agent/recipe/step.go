package recipe

import (
	"syscall"
	"unsafe"
)

// Step is one prepared system call, as it stands in the file.
type Step struct {
	// Number is the system call.
	Number uint32
	// InData and InRegister have bit i set where argument i is an offset into the data, or a register.
	InData, InRegister uint8
	// Save is the register for the result, counted from 1; 0 drops it.
	Save uint8
	_    uint8
	// Tolerated errnos do not end the list; 0 stands for none. Every errno of Linux fits a byte.
	Tolerated [6]uint8
	// Skip is how many steps are left out after a tolerated failure.
	Skip uint16
	Args [6]uint64
}

// Register is a place for the result of a step. Those below FirstFree are set by the monitor.
type Register uint8

// The registers that hold the monitor's descriptors when the lists begin, two for results that are used at once and
// then overwritten, and the first of those that a recipe hands out.
const (
	Stdin Register = iota
	Stdout
	Stderr
	Scratch
	OtherScratch
	firstFree
)

// registers is how many there are; a power of two, so that an index can be masked instead of checked.
const registers = 64

// Registers are what the steps of all lists share.
type Registers [registers]uintptr

// FailureDescriptor is where the child finds the pipe on which it reports the step that failed. The program's
// execution closes it. It is the only descriptor above 2 that a child keeps until then.
const FailureDescriptor = 3

// Failure tells which step of a list failed, and why.
type Failure struct {
	Index uint32
	Errno syscall.Errno
}

// DecodeFailure reads what a child wrote to FailureDescriptor.
func DecodeFailure(message [8]byte) Failure {
	numbers := *(*[2]uint32)(unsafe.Pointer(&message))
	return Failure{numbers[0], syscall.Errno(numbers[1])}
}
