package recipe

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func (r *Recipe) open(l *List, path string, flags int) Added {
	return l.Call("open", path, unix.SYS_OPENAT, Number(unix.AT_FDCWD), r.Text(path), Number(flags), Number(0o600))
}

func (r *Recipe) write(l *List, to Register, text string) {
	l.Call("write", text, unix.SYS_WRITE, From(to), r.Text(text), Number(len(text)))
}

func TestListsRunInOrderAndShareRegisters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	r := New()
	file := r.open(&r.Before, path, unix.O_CREAT|unix.O_WRONLY|unix.O_APPEND).Save()
	r.write(&r.Before, file, "before ")
	r.write(&r.Child, file, "child ")
	r.Child.Call("exit", "", unix.SYS_EXIT_GROUP, Number(7))
	r.write(&r.After, file, "after")
	seen := carriedOut(t, r)
	text, err := os.ReadFile(path)
	if err != nil || string(text) != "before child after" || seen.Status != 7 {
		t.Fatalf("wrote %q, %v, status %d", text, err, seen.Status)
	}
}

func TestToleratedFailureSkipsWhatDependsOnIt(t *testing.T) {
	r := New()
	missing := filepath.Join(t.TempDir(), "missing")
	opened := r.open(&r.Child, missing, unix.O_RDONLY).Tolerate(unix.EACCES, unix.ENOENT)
	file := opened.Save()
	opened.Then(func() {
		r.write(&r.Child, file, "never")
		r.write(&r.Child, Stdout, "never")
	})
	there := r.open(&r.Child, "/", unix.O_RDONLY).Tolerate(unix.ENOENT)
	there.Then(func() { r.write(&r.Child, Stdout, "there ") })
	r.write(&r.Child, Stdout, "on")
	r.Child.Call("exit", "", unix.SYS_EXIT_GROUP, Number(0))
	if seen := carriedOut(t, r); seen.Output != "there on" || seen.Child != (Failure{}) {
		t.Fatalf("%+v", seen)
	}
}

func TestFailureNamesItsStep(t *testing.T) {
	r := New()
	r.write(&r.Before, Stdout, "")
	r.write(&r.Child, Stdout, "one")
	r.open(&r.Child, "/none/such", unix.O_RDONLY).Tolerate(unix.EACCES)
	r.write(&r.Child, Stdout, "two")
	seen := carriedOut(t, r)
	if seen.Child != (Failure{1, unix.ENOENT}) || seen.Output != "one" || seen.Status != 1 {
		t.Fatalf("%+v", seen)
	}
	name, object, ok := Name(r.Encode(), Child, seen.Child.Index)
	if !ok || name != "open" || object != "/none/such" {
		t.Fatalf("%q %q %v", name, object, ok)
	}
	if _, _, ok := Name(r.Encode(), After, 0); ok {
		t.Fatal("a step that is not there has a name")
	}
}

func TestProgramGetsArgumentsAndEnvironment(t *testing.T) {
	r := New()
	r.Child.Call("execute", "/bin/sh", unix.SYS_EXECVE, r.Text("/bin/sh"),
		r.Vector([]string{"sh", "-c", `echo "$0 $1 $A $B"; exit 3`, "zero", "one two"}), r.Vector([]string{"A=a", "B="}))
	seen := carriedOut(t, r)
	if seen.Output != "zero one two a \n" || seen.Status != 3 || seen.Child != (Failure{}) {
		t.Fatalf("%+v", seen)
	}
}

func TestNewNamespacesAndRegistersInTheChild(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to make namespaces")
	}
	r := New()
	r.Flags = unix.CLONE_NEWPID
	pid := r.Child.Call("who am I", "", unix.SYS_GETPID).Save()
	r.Child.Call("exit", "", unix.SYS_EXIT_GROUP, From(pid))
	if seen := carriedOut(t, r); seen.Status != 1 {
		t.Fatalf("%+v", seen)
	}
}
