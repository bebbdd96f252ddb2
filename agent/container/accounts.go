package container

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
)

// largestAccounts is how much of an image's /etc/passwd or /etc/group is read, in bytes.
const largestAccounts = 1 << 20

// accountsCache keeps what was read of images, which never change, by their id.
type accountsCache struct {
	mutex sync.Mutex
	known map[string]accounts
}

// accountsKept bounds the cache; beyond, it begins anew.
const accountsKept = 64

func (c *accountsCache) read(imageID string, trees []string) (accounts, error) {
	c.mutex.Lock()
	known, ok := c.known[imageID]
	c.mutex.Unlock()
	if ok {
		return known, nil
	}
	known, err := readAccounts(trees)
	if err != nil {
		return accounts{}, err
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.known == nil || len(c.known) == accountsKept {
		c.known = map[string]accounts{}
	}
	c.known[imageID] = known
	return known, nil
}

// readAccounts reads both files as a container of the image would see them. Missing files are empty.
func readAccounts(trees []string) (accounts, error) {
	root, err := openRoot(trees)
	if err != nil {
		return accounts{}, err
	}
	defer unix.Close(root)
	var all accounts
	if all.passwd, err = readInside(root, "etc/passwd"); err == nil {
		all.group, err = readInside(root, "etc/group")
	}
	return all, err
}

func openInside(root int, path string) (int, error) {
	how := unix.OpenHow{
		Flags:   unix.O_RDONLY | unix.O_NONBLOCK | unix.O_NOCTTY | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS,
	}
	for {
		descriptor, err := unix.Openat2(root, path, &how)
		// The kernel gives up on a ".." of a link when anything anywhere is mounted or renamed meanwhile.
		if err != unix.EAGAIN && err != unix.EINTR {
			return descriptor, err
		}
	}
}

// readInside reads a regular file below a folder. Symbolic links are followed inside it; a pipe, a device, a folder or
// a file that is too large is the image's fault (CVE-2024-9676).
func readInside(root int, path string) (string, error) {
	descriptor, err := openInside(root, path)
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) {
		return "", nil
	}
	if err != nil {
		return "", badAccounts(path, err.Error())
	}
	file := os.NewFile(uintptr(descriptor), path)
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", badAccounts(path, "it is no regular file")
	}
	data, err := io.ReadAll(io.LimitReader(file, largestAccounts+1))
	if err != nil {
		return "", badAccounts(path, err.Error())
	}
	if len(data) > largestAccounts {
		return "", badAccounts(path, fmt.Sprintf("it is larger than %d bytes", largestAccounts))
	}
	return string(data), nil
}

func badAccounts(path, why string) error {
	return &api.Problem{Code: api.CodeStartFailed, Step: "read the image's users", Object: "/" + path,
		Detail: fmt.Sprintf("the image's /%s cannot be read: %s", path, why)}
}
