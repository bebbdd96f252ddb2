package container

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// hostFiles are the files about names and addresses that every container gets, by their name in its folder.
var hostFiles = []struct {
	name    string
	content func(hostname string, hostNetwork bool) (string, error)
}{
	{"hosts", hostsFile},
	{"hostname", func(hostname string, _ bool) (string, error) { return hostname + "\n", nil }},
	{"resolv.conf", resolvFile},
}

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
func resolvFile(_ string, hostNetwork bool) (string, error) {
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

// writeHostFiles writes them into a container's folder.
func writeHostFiles(folder, hostname string, hostNetwork bool) error {
	for _, file := range hostFiles {
		content, err := file.content(hostname, hostNetwork)
		if err == nil {
			err = os.WriteFile(folder+"/"+file.name, []byte(content), 0o644)
		}
		if err != nil {
			return fmt.Errorf("write the container's /etc/%s: %w", file.name, err)
		}
	}
	return nil
}

// boundHostFiles is where a container sees them.
func boundHostFiles(folder string) []boundFile {
	files := make([]boundFile, len(hostFiles))
	for i, file := range hostFiles {
		files[i] = boundFile{source: folder + "/" + file.name, target: "/etc/" + file.name}
	}
	return files
}
