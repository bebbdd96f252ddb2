package container

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

const loopbackHosts = `127.0.0.1	localhost
::1	localhost ip6-localhost ip6-loopback
fe00::	ip6-localnet
ff00::	ip6-mcastprefix
ff02::1	ip6-allnodes
ff02::2	ip6-allrouters
`

// hostsFile is the host's own in its network, since names there have to mean the same.
func hostsFile(hostname string, hostNetwork bool) (string, error) {
	if hostNetwork {
		return hostsOwn("/etc/hosts")
	}
	return loopbackHosts + "127.0.0.1\t" + hostname + "\n", nil
}

// resolvFile is the host's own in its network; without one there is nobody to ask.
func resolvFile(hostNetwork bool) (string, error) {
	if hostNetwork {
		return hostsOwn("/etc/resolv.conf")
	}
	return "", nil
}

func hostsOwn(path string) (string, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("copy the host's file: %w", err)
	}
	return string(data), nil
}

// hostFiles are the files about names and addresses that every container gets.
func hostFiles(hostname string, hostNetwork bool) ([]etcFile, error) {
	hosts, err := hostsFile(hostname, hostNetwork)
	if err != nil {
		return nil, err
	}
	resolv, err := resolvFile(hostNetwork)
	if err != nil {
		return nil, err
	}
	return []etcFile{{"hosts", hosts}, {"hostname", hostname + "\n"}, {"resolv.conf", resolv}}, nil
}
