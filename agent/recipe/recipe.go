package recipe

import (
	"syscall"
	"unsafe"
)

// Recipe is a recipe while it is being written.
type Recipe struct {
	// Flags are clone3's: the namespaces the child is born in.
	Flags                uint64
	Before, Child, After List

	group       uint32
	free        Register
	data        []byte
	known       map[string]uint64
	relocations []uint32
}

// New begins an empty recipe.
func New() *Recipe {
	r := &Recipe{free: firstFree, known: map[string]uint64{}}
	r.Before.recipe, r.Child.recipe, r.After.recipe = r, r, r
	return r
}

// BornIn makes the child be born in the control group (version 2) whose folder a register holds open.
func (r *Recipe) BornIn(group Register) { r.group = uint32(group) + 1 }

// Argument is one argument of a step.
type Argument struct {
	value      uint64
	inData     bool
	inRegister bool
}

// Number is an argument that is known now. Negative ones, such as AT_FDCWD, are passed as they are.
func Number[N ~int | ~int64 | ~uint | ~uint32 | ~uint64 | ~uintptr](value N) Argument {
	return Argument{value: uint64(value)}
}

// From is an argument that is the result of an earlier step.
func From(register Register) Argument { return Argument{value: uint64(register), inRegister: true} }

// Text is the address of a string that ends with a NUL. The same text is kept once.
func (r *Recipe) Text(text string) Argument { return r.keep(text + "\x00") }

// Bytes is the address of bytes, aligned to eight.
func (r *Recipe) Bytes(bytes []byte) Argument { return r.keep(string(bytes)) }

// Room is the address of bytes for a step to write to, aligned to eight; they are zero at first.
func (r *Recipe) Room(size int) Argument {
	return Argument{value: r.append(make([]byte, size)), inData: true}
}

// Plus is the address so many bytes further.
func (a Argument) Plus(bytes int) Argument {
	a.value += uint64(bytes)
	return a
}

func (r *Recipe) keep(content string) Argument {
	offset, known := r.known[content]
	if !known {
		offset = r.append([]byte(content))
		r.known[content] = offset
	}
	return Argument{value: offset, inData: true}
}

func (r *Recipe) append(bytes []byte) uint64 {
	offset := uint64(len(r.data))
	r.data = append(r.data, bytes...)
	for len(r.data)%8 != 0 {
		r.data = append(r.data, 0)
	}
	return offset
}

// Vector is the address of an array of addresses of strings that ends with a null, as execve(2) wants it.
func (r *Recipe) Vector(texts []string) Argument {
	addresses := make([]uint64, len(texts)+1)
	for i, text := range texts {
		addresses[i] = r.Text(text).value
	}
	offset := r.append(unsafe.Slice((*byte)(unsafe.Pointer(&addresses[0])), 8*len(addresses)))
	for i := range texts {
		r.relocations = append(r.relocations, uint32(offset)+8*uint32(i))
	}
	return Argument{value: offset, inData: true}
}

// List is one of a recipe's lists.
type List struct {
	recipe *Recipe
	steps  []Step
	names  []string
}

// Added is a step that was just added to a list.
type Added struct {
	list  *List
	index int
}

// Call adds a step: what it does, to what, the number of the system call, and its arguments.
func (l *List) Call(name, object string, number uintptr, arguments ...Argument) Added {
	step := Step{Number: uint32(number)}
	for i, argument := range arguments {
		step.Args[i] = argument.value
		if argument.inData {
			step.InData |= 1 << i
		}
		if argument.inRegister {
			step.InRegister |= 1 << i
		}
	}
	l.steps = append(l.steps, step)
	l.names = append(l.names, name, object)
	return Added{l, len(l.steps) - 1}
}

// Save keeps the step's result in a register that no other step uses.
func (a Added) Save() Register {
	register := a.list.recipe.free
	if register == registers {
		panic("a recipe has no more registers")
	}
	a.list.recipe.free++
	return a.SaveIn(register)
}

// SaveIn keeps the step's result in a register whose value is not needed any more.
func (a Added) SaveIn(register Register) Register {
	a.list.steps[a.index].Save = uint8(register) + 1
	return register
}

// Tolerate lets the list go on after these errnos.
func (a Added) Tolerate(errnos ...syscall.Errno) Added {
	for i, errno := range errnos {
		a.list.steps[a.index].Tolerated[i] = uint8(errno)
	}
	return a
}

// Then adds steps that are left out where this one failed with a tolerated errno.
func (a Added) Then(add func()) {
	add()
	a.list.steps[a.index].Skip = uint16(len(a.list.steps) - a.index - 1)
}
