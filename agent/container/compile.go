package container

import (
	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/recipe"
)

// compile writes the recipe. The order of the child's steps matters: it enters its groups before it leaves the view of
// those outside; nothing of the image is walked through before the old root is gone; foreign descriptors are closed
// before the image's folders are entered; and what needs privileges comes before they are dropped.
func compile(s spec) *recipe.Recipe {
	r := recipe.New()
	r.Flags = unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC
	if !s.hostNetwork {
		r.Flags |= unix.CLONE_NEWNET
	}
	makeGroups(script{r, &r.Before}, s)
	removeGroups(script{r, &r.After}, s)

	child := script{r, &r.Child}
	enterGroups(child, s)
	beginSession(child)
	isolateMounts(child)
	mountRoot(child, s)
	mountProc(child)
	mountDev(child)
	files := writeFiles(child, s)
	mountBelowDev(child)
	mountSys(child)
	maskPaths(child)
	mountControlGroup(child, s)
	enterRoot(child)
	bindFiles(child, s, files)
	closeForeignDescriptors(child)
	nameHost(child, s)
	bringUpLoopback(child, s)
	enterDirectory(child, s)
	dropPrivileges(child, s)
	execute(child, s)
	return r
}
