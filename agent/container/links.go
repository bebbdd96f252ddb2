package container

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"

	"pulumi-slipway/agent/api"
)

// largestLinks is how much is read of a list of links, in bytes: a container with the right to make links could make it
// very long.
const largestLinks = 1 << 20

// links reads the network links of containers with a namespace of their own.
type links struct {
	// host is the namespace of the host, which is ours.
	host string
}

func openLinks() (links, error) {
	host, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		return links{}, fmt.Errorf("look for the host's network namespace: %w", err)
	}
	return links{host}, nil
}

// of reads the links in a process's namespace, as the process sees them; none where the namespace is the host's.
func (l links) of(pid int) ([]api.LinkUsage, error) {
	process := "/proc/" + strconv.Itoa(pid)
	namespace, err := os.Readlink(process + "/ns/net")
	if namespace == l.host {
		return nil, nil
	}
	var list []byte
	if err == nil {
		list, err = readAtMost(process+"/net/dev", largestLinks)
	}
	if err != nil {
		return nil, fmt.Errorf("read the links of process %d: %w", pid, err)
	}
	return parseLinks(list), nil
}

func readAtMost(path string, bytes int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, bytes))
}

// parseLinks reads the format of proc_pid_net(5): two lines of headings, and then for each link its name, eight numbers of
// what it received and eight of what it sent. A name has neither colons nor spaces.
func parseLinks(list []byte) []api.LinkUsage {
	var all []api.LinkUsage
	for line := range bytes.Lines(list) {
		name, numbers, ok := bytes.Cut(line, []byte(":"))
		fields := bytes.Fields(numbers)
		if !ok || len(fields) < 16 {
			continue
		}
		number := func(at int) int64 {
			value, _ := strconv.ParseInt(string(fields[at]), 10, 64)
			return value
		}
		all = append(all, api.LinkUsage{
			Name:          string(bytes.TrimSpace(name)),
			ReceivedBytes: number(0), ReceivedPackets: number(1), ReceivedErrors: number(2), ReceivedDropped: number(3),
			SentBytes: number(8), SentPackets: number(9), SentErrors: number(10), SentDropped: number(11),
		})
	}
	return all
}
