package recipe

import (
	"syscall"
	"unsafe"
)

// magic starts a file; its last byte is the version of the format.
const magic = "slipwy\x00\x01"

// header is the beginning of a file. All that follows it is aligned to eight bytes.
type header struct {
	magic [8]byte
	// flags are those of clone3.
	flags uint64
	// before, child and after are numbers of steps, relocations of places in the data, data and names of bytes.
	before, child, after, relocations, data, names uint32
	// group is the register with the descriptor of the control group to be born in, counted from 1; 0 for none.
	group uint32
	_     uint32
}

const (
	headerSize = unsafe.Sizeof(header{})
	stepSize   = unsafe.Sizeof(Step{})
)

// layout are the places of a file's parts, in bytes from its beginning.
type layout struct{ steps, relocations, data, names, end uintptr }

func (h *header) layout() layout {
	var l layout
	l.steps = headerSize
	l.relocations = l.steps + (uintptr(h.before)+uintptr(h.child)+uintptr(h.after))*stepSize
	l.data = l.relocations + (4*uintptr(h.relocations)+7)&^7
	l.names = l.data + (uintptr(h.data)+7)&^7
	l.end = l.names + uintptr(h.names)
	return l
}

// parse finds the parts of a file of the given size; EINVAL where it is not a whole file of this format.
func parse(file unsafe.Pointer, size uintptr) (*header, layout, error) {
	if size < headerSize {
		return nil, layout{}, syscall.EINVAL
	}
	h := (*header)(file)
	l := h.layout()
	if string(h.magic[:]) != magic || l.end != size {
		return nil, layout{}, syscall.EINVAL
	}
	return h, l, nil
}
