package container

import (
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/recipe"
)

// isolateMounts keeps what is mounted from now on from being seen outside, and the other way round. It comes before
// anything is cloned: a clone of a shared mount would be shared too.
func isolateMounts(c script) {
	c.call("mount", "private propagation", unix.SYS_MOUNT, number(0), c.text("/"), number(0),
		number(unix.MS_REC|unix.MS_PRIVATE), number(0))
}

// mountRoot mounts the image's layers under the container's own and enters the result. Device nodes in it, of the image or
// made by the container, cannot be opened.
func mountRoot(c script, s spec) {
	if s.kernel.overlayByLayer {
		overlayByLayer(c, s)
	} else {
		overlayAtOnce(c, s)
	}
	c.call("chdir", s.place, unix.SYS_CHDIR, c.text(s.place))
}

// overlayByLayer adds layer after layer, from the top down, so that their number is limited only by overlayfs (500).
func overlayByLayer(c script, s spec) {
	var options []string
	for _, tree := range slices.Backward(s.trees) {
		options = append(options, "lowerdir+="+tree)
	}
	options = append(options, "upperdir="+s.upper, "workdir="+s.work)
	c.attach(c.newMount("overlay", unix.MOUNT_ATTR_NODEV, options...), s.place)
}

// firstLayerDescriptor begins the descriptors that stand for layers in overlayAtOnce: above all others, below the
// usual limit of 1024.
const firstLayerDescriptor = 200

// overlayAtOnce names all layers in one string, as kernels before 6.7 want it. They take one page of it, so the layers are
// named by short paths to open descriptors.
func overlayAtOnce(c script, s spec) {
	names := make([]string, 0, len(s.trees))
	for i, tree := range slices.Backward(s.trees) {
		descriptor := firstLayerDescriptor + i
		c.open(tree, unix.O_PATH|unix.O_DIRECTORY).SaveIn(recipe.Scratch)
		c.call("dup3", tree, unix.SYS_DUP3, from(recipe.Scratch), number(descriptor), number(unix.O_CLOEXEC))
		names = append(names, "/proc/self/fd/"+strconv.Itoa(descriptor))
	}
	data := "lowerdir=" + strings.Join(names, ":") + ",upperdir=" + s.upper + ",workdir=" + s.work
	c.call("mount", "overlay of "+strconv.Itoa(len(s.trees))+" layers", unix.SYS_MOUNT,
		c.text("overlay"), c.text(s.place), c.text("overlay"), number(unix.MS_NODEV), c.text(data))
}

// enterRoot makes the new root the only one: what was mounted outside is out of reach.
func enterRoot(c script) {
	c.call("pivot_root", "", unix.SYS_PIVOT_ROOT, c.text("."), c.text("."))
	c.call("umount", "the host's root", unix.SYS_UMOUNT2, c.text("."), number(unix.MNT_DETACH))
	c.call("chdir", "/", unix.SYS_CHDIR, c.text("/"))
}
