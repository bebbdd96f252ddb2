package cgroup

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Version 2 has no controller for devices. The kernel asks a BPF program instead (BPF_PROG_TYPE_CGROUP_DEVICE, Linux
// 4.15), once for each use of a device by a process of the group; an answer of 0 refuses it. The program stays attached
// for as long as the group is there. That of a group above is asked as well, and both have to agree.

// instruction is struct bpf_insn (Documentation/bpf/standardization/instruction-set.rst).
type instruction struct {
	code      uint8
	registers uint8 // destination, and source in the upper half
	offset    int16
	immediate int32
}

const (
	loadWord  = unix.BPF_LDX | unix.BPF_MEM | unix.BPF_W
	moveValue = unix.BPF_ALU64 | unix.BPF_MOV | unix.BPF_K
	moveCopy  = unix.BPF_ALU64 | unix.BPF_MOV | unix.BPF_X
	andValue  = unix.BPF_ALU | unix.BPF_AND | unix.BPF_K
	shiftDown = unix.BPF_ALU | unix.BPF_RSH | unix.BPF_K
	jumpIfNot = unix.BPF_JMP | unix.BPF_JNE | unix.BPF_K
	leave     = unix.BPF_JMP | unix.BPF_EXIT
)

// The registers of the program: its answer, what it was called with, and what it has found in that.
const (
	answer = iota
	input
	kind
	access
	major
	minor
	spare
)

// programOf compiles rules, which were validated before. Without any it allows everything.
func programOf(rules []string) []instruction {
	if len(rules) == 0 {
		return []instruction{{moveValue, answer, 0, 1}, {code: leave}}
	}
	program := []instruction{
		// struct bpf_cgroup_dev_ctx: access_type (the access above, the kind in the lower half), major, minor.
		{loadWord, kind | input<<4, 0, 0},
		{moveCopy, access | kind<<4, 0, 0},
		{andValue, kind, 0, 0xffff},
		{shiftDown, access, 0, 16},
		{loadWord, major | input<<4, 4, 0},
		{loadWord, minor | input<<4, 8, 0},
	}
	for _, text := range rules {
		r, err := parseRule(text)
		if err != nil {
			continue
		}
		if r == anything {
			// The kernel refuses a program with instructions that are never reached.
			return programOf(nil)
		}
		program = append(program, r.compile()...)
	}
	return append(program, instruction{moveValue, answer, 0, 0}, instruction{code: leave})
}

// compile allows what matches the rule. Each test that fails jumps behind it.
func (r rule) compile() []instruction {
	var tests []instruction
	if r.kind != 'a' {
		tests = append(tests, instruction{jumpIfNot, kind, 0, map[byte]int32{'b': unix.BPF_DEVCG_DEV_BLOCK, 'c': unix.BPF_DEVCG_DEV_CHAR}[r.kind]})
	}
	const all = unix.BPF_DEVCG_ACC_READ | unix.BPF_DEVCG_ACC_WRITE | unix.BPF_DEVCG_ACC_MKNOD
	if r.access != all {
		tests = append(tests,
			instruction{moveCopy, spare | access<<4, 0, 0},
			instruction{andValue, spare, 0, int32(all &^ r.access)},
			instruction{jumpIfNot, spare, 0, 0})
	}
	if r.major >= 0 {
		tests = append(tests, instruction{jumpIfNot, major, 0, int32(r.major)})
	}
	if r.minor >= 0 {
		tests = append(tests, instruction{jumpIfNot, minor, 0, int32(r.minor)})
	}
	rule := append(tests, instruction{moveValue, answer, 0, 1}, instruction{code: leave})
	for i := range rule {
		if rule[i].code == jumpIfNot {
			rule[i].offset = int16(len(rule) - i - 1)
		}
	}
	return rule
}

// bpf is bpf(2) with its attributes laid out by the caller: numbers, and pointers as such, because the stack they may be on
// can move before the call.
func bpf[T any](command uintptr, attributes *T) (int, error) {
	result, _, errno := unix.Syscall(unix.SYS_BPF, command, uintptr(unsafe.Pointer(attributes)), unsafe.Sizeof(*attributes))
	if errno != 0 {
		return -1, errno
	}
	return int(result), nil
}

// loadProgram answers a descriptor, or in its place that the kernel takes the program.
func loadProgram(program []instruction) (int, error) {
	license := []byte("Apache-2.0\x00")
	attributes := struct {
		kind, count           uint32
		instructions, license unsafe.Pointer
		logLevel, logSize     uint32
		log                   uint64
		kernelVersion, flags  uint32
	}{
		kind: unix.BPF_PROG_TYPE_CGROUP_DEVICE, count: uint32(len(program)),
		instructions: unsafe.Pointer(&program[0]), license: unsafe.Pointer(&license[0]),
	}
	descriptor, err := bpf(unix.BPF_PROG_LOAD, &attributes)
	runtime.KeepAlive(program)
	runtime.KeepAlive(license)
	return descriptor, err
}

type attachment struct{ group, program, kind, flags uint32 }

// attachProgram makes a program the only one of ours on a group: the new one is there before the old ones go.
func attachProgram(folder string, program []instruction) error {
	group, err := unix.Open(folder, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(group)
	before, err := attachedPrograms(group)
	if err != nil {
		return err
	}
	defer closeAll(before)
	loaded, err := loadProgram(program)
	if err != nil {
		return fmt.Errorf("load the program that decides on devices: %w", err)
	}
	defer unix.Close(loaded)
	attach := attachment{uint32(group), uint32(loaded), unix.BPF_CGROUP_DEVICE, unix.BPF_F_ALLOW_MULTI}
	if _, err := bpf(unix.BPF_PROG_ATTACH, &attach); err != nil {
		return fmt.Errorf("attach the program that decides on devices: %w", err)
	}
	for _, old := range before {
		detach := attachment{uint32(group), uint32(old), unix.BPF_CGROUP_DEVICE, 0}
		if _, err := bpf(unix.BPF_PROG_DETACH, &detach); err != nil && err != unix.ENOENT {
			return fmt.Errorf("detach the program that decided on devices: %w", err)
		}
	}
	return nil
}

// attachedPrograms opens those on a group.
func attachedPrograms(group int) ([]int, error) {
	var ids [64]uint32
	query := struct {
		group, kind, flags, attached uint32
		ids                          unsafe.Pointer
		count, _                     uint32
	}{group: uint32(group), kind: unix.BPF_CGROUP_DEVICE, ids: unsafe.Pointer(&ids), count: uint32(len(ids))}
	_, err := bpf(unix.BPF_PROG_QUERY, &query)
	runtime.KeepAlive(&ids)
	if err != nil {
		return nil, fmt.Errorf("look for programs that decide on devices: %w", err)
	}
	var open []int
	for _, id := range ids[:query.count] {
		byID := struct{ id, next, flags uint32 }{id: id}
		descriptor, err := bpf(unix.BPF_PROG_GET_FD_BY_ID, &byID)
		if errors.Is(err, unix.ENOENT) {
			continue
		}
		if err != nil {
			closeAll(open)
			return nil, fmt.Errorf("open a program that decides on devices: %w", err)
		}
		open = append(open, descriptor)
	}
	return open, nil
}

// hasProgram tells whether this is the one program on a group. Equal programs have equal tags, a hash the kernel makes.
func hasProgram(folder string, program []instruction) (bool, error) {
	group, err := unix.Open(folder, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return false, err
	}
	defer unix.Close(group)
	attached, err := attachedPrograms(group)
	if err != nil {
		return false, err
	}
	defer closeAll(attached)
	wanted, err := loadProgram(program)
	if err != nil {
		return false, fmt.Errorf("load the program that decides on devices: %w", err)
	}
	defer unix.Close(wanted)
	tag, err := tagOf(wanted)
	if err != nil || len(attached) != 1 {
		return false, err
	}
	held, err := tagOf(attached[0])
	return held == tag, err
}

func tagOf(program int) ([8]byte, error) {
	// The beginning of struct bpf_prog_info.
	var info struct {
		kind, id uint32
		tag      [8]byte
	}
	query := struct {
		program, size uint32
		info          unsafe.Pointer
	}{uint32(program), uint32(unsafe.Sizeof(info)), unsafe.Pointer(&info)}
	_, err := bpf(unix.BPF_OBJ_GET_INFO_BY_FD, &query)
	runtime.KeepAlive(&info)
	return info.tag, err
}

func closeAll(descriptors []int) {
	for _, descriptor := range descriptors {
		unix.Close(descriptor)
	}
}
