package container

import (
	"pulumi-slipway/agent/cgroup"
)

// spec is a container with every question answered: what compile turns into a recipe. Paths are the host's unless
// they say otherwise.
type spec struct {
	// trees are the image's layers, lowest first; upper and work the container's own. place is the folder on which the
	// root is mounted, in the container's mount namespace.
	trees              []string
	upper, work, place string
	readOnly           bool
	group              cgroup.Group
	// settings are what the group needs, and entered the hierarchies it is in.
	settings []cgroup.Setting
	entered  []cgroup.Hierarchy
	// keptEvents is the file for what happened in the group.
	keptEvents string
	hostname   string
	// hostNetwork leaves the container in the host's network namespace.
	hostNetwork bool
	// files are put over files of the image.
	files []etcFile
	user  user
	// directory is where the program starts, in the container.
	directory string
	arguments []string
	env       []string
	kernel    abilities
}

// etcFile is a file that the container has in /etc whatever its image has there.
type etcFile struct{ name, content string }

// user is who the program runs as.
type user struct {
	uid, gid uint32
	groups   []uint32
	home     string
}
