package recipe

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Whatever was written is what the monitor finds: every argument, with addresses that lead to the bytes meant.
func TestMappedIsWhatWasWritten(t *testing.T) {
	for round := range 50 {
		t.Run(fmt.Sprint(round), func(t *testing.T) { writeAndMap(t, rand.New(rand.NewPCG(uint64(round), 1))) })
	}
}

func writeAndMap(t *testing.T, random *rand.Rand) {
	r := New()
	type expectation struct {
		list  Which
		index int
		arg   int
		bytes []byte // nil for the number
		value uint64
	}
	var expected []expectation
	lists := []*List{&r.Before, &r.Child, &r.After}
	for range random.IntN(40) {
		which := Which(random.IntN(3))
		list := lists[which]
		var arguments []Argument
		for arg := range random.IntN(7) {
			e := expectation{list: which, index: len(list.steps), arg: arg}
			switch random.IntN(3) {
			case 0:
				e.value = random.Uint64()
				arguments = append(arguments, Number(e.value))
			case 1:
				e.value = uint64(random.IntN(registers))
				arguments = append(arguments, From(Register(e.value)))
			default:
				e.bytes = bytes.Repeat([]byte{byte('a' + random.IntN(26))}, random.IntN(30))
				arguments = append(arguments, r.Text(string(e.bytes)))
				e.bytes = append(e.bytes, 0)
			}
			expected = append(expected, e)
		}
		list.Call(fmt.Sprint("step ", len(list.steps)), fmt.Sprint(which), uintptr(random.IntN(500)), arguments...)
	}
	words := []string{"one", "", "two words"}
	vector := r.Vector(words)

	file := r.Encode()
	m := mapped(t, file)
	for _, e := range expected {
		first := map[Which]uint32{Before: 0, Child: m.header.before, After: m.header.before + m.header.child}[e.list]
		step := (*Step)(m.steps(first + uint32(e.index)))
		if e.bytes == nil {
			if step.Args[e.arg] != e.value {
				t.Fatalf("%+v: got %d", e, step.Args[e.arg])
			}
			continue
		}
		if got := at(step.Args[e.arg], len(e.bytes)); !bytes.Equal(got, e.bytes) {
			t.Fatalf("%+v: got %q", e, got)
		}
	}
	addresses := unsafe.Slice((*uint64)(unsafe.Add(m.start, m.layout.data+uintptr(vector.value))), len(words)+1)
	for i, word := range words {
		if got := at(addresses[i], len(word)+1); string(got) != word+"\x00" {
			t.Fatalf("word %d: got %q", i, got)
		}
	}
	if addresses[len(words)] != 0 {
		t.Fatal("the vector does not end with a null")
	}
	for which, list := range lists {
		for i := range list.steps {
			name, object, ok := Name(file, Which(which), uint32(i))
			if !ok || name != list.names[2*i] || object != list.names[2*i+1] {
				t.Fatalf("step %d of list %d is called %q %q", i, which, name, object)
			}
		}
	}
}

func at(address uint64, length int) []byte {
	pointer := uintptr(address)
	return unsafe.Slice((*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&pointer))), length)
}

func mapped(t *testing.T, file []byte) *Mapped {
	t.Helper()
	opened := written(t, file)
	m, err := Map(int(opened.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Unmap)
	return m
}

func written(t *testing.T, file []byte) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "recipe")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	opened, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { opened.Close() })
	return opened
}

func TestOnlyWholeFilesOfThisVersionAreMapped(t *testing.T) {
	r := New()
	r.Child.Call("exit", "", unix.SYS_EXIT_GROUP, Number(0))
	file := r.Encode()
	other := bytes.Clone(file)
	other[7]++
	for name, bad := range map[string][]byte{
		"cut": file[:len(file)-1], "longer": append(bytes.Clone(file), 0), "header only": file[:20], "another version": other,
	} {
		if _, err := Map(int(written(t, bad).Fd())); err == nil {
			t.Errorf("%s: mapped", name)
		}
	}
}
