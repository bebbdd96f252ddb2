package host

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
)

// Facts observes the machine. The host id comes from the store, which binds it to the machine.
func Facts(hostID string) (api.HostFacts, error) {
	digest, err := AgentDigest()
	if err != nil {
		return api.HostFacts{}, err
	}
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return api.HostFacts{}, os.NewSyscallError("uname", err)
	}
	memory, err := memoryBytes()
	if err != nil {
		return api.HostFacts{}, err
	}
	version, err := cgroupVersion()
	if err != nil {
		return api.HostFacts{}, err
	}
	return api.HostFacts{
		HostID:         hostID,
		Architecture:   runtime.GOARCH,
		Kernel:         unix.ByteSliceToString(name.Release[:]),
		OS:             osName("/etc/os-release", "/usr/lib/os-release"),
		CgroupVersion:  version,
		CPUs:           runtime.NumCPU(),
		MemoryBytes:    memory,
		UserNamespaces: userNamespaces(),
		AgentDigest:    digest,
	}, nil
}

// memoryBytes is the machine's memory.
func memoryBytes() (int64, error) {
	var memory unix.Sysinfo_t
	if err := unix.Sysinfo(&memory); err != nil {
		return 0, os.NewSyscallError("sysinfo", err)
	}
	return int64(memory.Totalram) * int64(memory.Unit), nil
}

// AgentDigest is "sha256:" and the hexadecimal sha256 of the running agent file.
var AgentDigest = sync.OnceValues(func() (string, error) {
	file, err := os.Open("/proc/self/exe")
	if err != nil {
		return "", fmt.Errorf("hash the agent: %w", err)
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", fmt.Errorf("hash the agent: %w", err)
	}
	return "sha256:" + hex.EncodeToString(hash.Sum(nil)), nil
})

// cgroupVersion is 2 where no version 1 hierarchy is mounted.
func cgroupVersion() (int, error) {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return 0, fmt.Errorf("look for cgroup mounts: %w", err)
	}
	if bytes.Contains(mounts, []byte(" - cgroup ")) {
		return 1, nil
	}
	return 2, nil
}
