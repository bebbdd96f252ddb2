package container

import (
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/recipe"
)

// script adds steps to one list of a recipe. Its methods are the system calls that several files need; the step's
// name is the call, and its object what a person would look for.
type script struct {
	recipe *recipe.Recipe
	list   *recipe.List
}

func number(value int) recipe.Argument { return recipe.Number(value) }

func from(register recipe.Register) recipe.Argument { return recipe.From(register) }

func (s script) text(text string) recipe.Argument { return s.recipe.Text(text) }

func (s script) call(name, object string, number uintptr, arguments ...recipe.Argument) recipe.Added {
	return s.list.Call(name, object, number, arguments...)
}

var here = number(unix.AT_FDCWD)

func (s script) open(path string, flags int) recipe.Added {
	return s.call("open", path, unix.SYS_OPENAT, here, s.text(path), number(flags|unix.O_CLOEXEC), number(0))
}

func (s script) write(object string, to recipe.Register, text string) recipe.Added {
	return s.call("write "+text, object, unix.SYS_WRITE, from(to), s.text(text), number(len(text)))
}

func (s script) close(register recipe.Register) {
	s.call("close", "", unix.SYS_CLOSE, from(register))
}

func (s script) makeFolder(path string) recipe.Added {
	return s.call("mkdir", path, unix.SYS_MKDIRAT, here, s.text(path), number(0o755))
}

func (s script) link(target, path string) {
	s.call("symlink", path, unix.SYS_SYMLINKAT, s.text(target), here, s.text(path))
}

// newMount makes a file system that is mounted nowhere yet. Options are "key=value" or "flag".
func (s script) newMount(kind string, attributes int, options ...string) recipe.Register {
	fs := s.call("fsopen", kind, unix.SYS_FSOPEN, s.text(kind), number(unix.FSOPEN_CLOEXEC)).Save()
	for _, option := range options {
		command, text := unix.FSCONFIG_SET_FLAG, number(0)
		key, value, hasValue := strings.Cut(option, "=")
		if hasValue {
			command, text = unix.FSCONFIG_SET_STRING, s.text(value)
		}
		s.call("fsconfig "+option, kind, unix.SYS_FSCONFIG, from(fs), number(command), s.text(key), text, number(0))
	}
	s.call("fsconfig create", kind, unix.SYS_FSCONFIG, from(fs), number(unix.FSCONFIG_CMD_CREATE), number(0), number(0), number(0))
	return s.call("fsmount", kind, unix.SYS_FSMOUNT, from(fs), number(unix.FSMOUNT_CLOEXEC), number(attributes)).SaveIn(fs)
}

// attach mounts what newMount or clone made. A symbolic link as the last part of the path is not followed: the
// kernel refuses to mount a folder on it.
func (s script) attach(mount recipe.Register, path string) recipe.Added {
	return s.call("move_mount", path, unix.SYS_MOVE_MOUNT, from(mount), s.text(""), here, s.text(path),
		number(unix.MOVE_MOUNT_F_EMPTY_PATH))
}

// attachOpened mounts on an open file or folder.
func (s script) attachOpened(mount, on recipe.Register, path string) {
	s.call("move_mount", path, unix.SYS_MOVE_MOUNT, from(mount), s.text(""), from(on), s.text(""),
		number(unix.MOVE_MOUNT_F_EMPTY_PATH|unix.MOVE_MOUNT_T_EMPTY_PATH))
}

// clone makes a mount of what lies at a path, mounted nowhere yet, with the attributes of the mount it is cloned from.
func (s script) clone(path string) recipe.Added {
	return s.call("open_tree", path, unix.SYS_OPEN_TREE, here, s.text(path), number(unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC))
}

// change sets and clears attributes of the mount at a path, with AT_RECURSIVE of those below too.
func (s script) change(path string, flags int, set, clear uint64) {
	s.call("mount_setattr", path, unix.SYS_MOUNT_SETATTR, here, s.text(path), number(flags),
		s.bytes(&unix.MountAttr{Attr_set: set, Attr_clr: clear}), number(unix.MOUNT_ATTR_SIZE_VER0))
}

// changeOpened does the same to a mount that is not attached.
func (s script) changeOpened(mount recipe.Register, object string, set uint64) {
	s.call("mount_setattr", object, unix.SYS_MOUNT_SETATTR, from(mount), s.text(""), number(unix.AT_EMPTY_PATH),
		s.bytes(&unix.MountAttr{Attr_set: set}), number(unix.MOUNT_ATTR_SIZE_VER0))
}

func (s script) bytes(attributes *unix.MountAttr) recipe.Argument {
	return s.recipe.Bytes(memory(attributes))
}

// memory is what the kernel sees of a structure without pointers.
func memory[T any](value *T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(value)), unsafe.Sizeof(*value))
}
