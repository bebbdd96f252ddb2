package recipe

import (
	"strings"
	"unsafe"
)

// Encode writes the recipe as a file.
func (r *Recipe) Encode() []byte {
	lists := []*List{&r.Before, &r.Child, &r.After}
	var names strings.Builder
	for _, list := range lists {
		for _, name := range list.names {
			names.WriteString(name)
			names.WriteByte(0)
		}
	}
	h := header{
		flags:  r.Flags,
		before: uint32(len(r.Before.steps)), child: uint32(len(r.Child.steps)), after: uint32(len(r.After.steps)),
		relocations: uint32(len(r.relocations)), data: uint32(len(r.data)), names: uint32(names.Len()),
		group: r.group,
	}
	copy(h.magic[:], magic)
	l := h.layout()
	file := make([]byte, l.end)
	copy(file, bytesOf(&h, 1))
	at := l.steps
	for _, list := range lists {
		at += uintptr(copy(file[at:], bytesOf(unsafe.SliceData(list.steps), len(list.steps))))
	}
	copy(file[l.relocations:], bytesOf(unsafe.SliceData(r.relocations), len(r.relocations)))
	copy(file[l.data:], r.data)
	copy(file[l.names:], names.String())
	return file
}

// bytesOf is the memory of count values without pointers.
func bytesOf[T any](first *T, count int) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(first)), uintptr(count)*unsafe.Sizeof(*first))
}

// Which names a list of a file.
type Which uint32

// The lists of a recipe.
const (
	Before Which = iota
	Child
	After
)

// Name tells what a step of a file does, and to what.
func Name(file []byte, list Which, index uint32) (name, object string, ok bool) {
	if len(file) == 0 {
		return "", "", false
	}
	h, l, err := parse(unsafe.Pointer(&file[0]), uintptr(len(file)))
	if err != nil {
		return "", "", false
	}
	counts := [...]uint32{h.before, h.child, h.after}
	if int(list) >= len(counts) || index >= counts[list] {
		return "", "", false
	}
	for _, count := range counts[:list] {
		index += count
	}
	names := strings.Split(string(file[l.names:]), "\x00")
	return names[2*index], names[2*index+1], true
}
