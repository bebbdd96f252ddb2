package image

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
)

// TestPullsToAFullDisk runs inside a mount namespace of its own, where it may mount small disks: the test starts itself
// there.
func TestPullsToAFullDisk(t *testing.T) {
	requireRoot(t)
	if os.Getenv("SLIPWAY_TEST_IN_NAMESPACE") == "" {
		t.Parallel()
		command := exec.Command("/proc/self/exe", "-test.run=^TestPullsToAFullDisk$", "-test.v")
		command.Env = append(os.Environ(), "SLIPWAY_TEST_IN_NAMESPACE=yes")
		command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
		// Pdeathsig is about the thread that made the process.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if out, err := command.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	check(t, unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
	noise := make([]byte, 6<<20)
	random := rand.NewChaCha8([32]byte{})
	_, _ = random.Read(noise)
	for name, large := range map[string]string{
		"no room for the archive":     string(noise),
		"no room for what it unpacks": strings.Repeat("\x00", 30<<20),
	} {
		t.Run(name, func(t *testing.T) {
			disk := t.TempDir()
			check(t, unix.Mount("tmpfs", disk, "tmpfs", 0, "size=4m,mode=755"))
			t.Cleanup(func() { _ = unix.Unmount(disk, unix.MNT_DETACH) })
			s, from := opened(t, disk), newShelf(t)
			free := func() uint64 {
				var stat unix.Statfs_t
				check(t, unix.Statfs(disk, &stat))
				return stat.Bfree
			}
			before := free()
			from.tag("1", nil, pack(files{"small": "1"}), pack(files{"large": large}))
			_, err := Put(t.Context(), s, incarnation(1), from.request("key"))
			wantProblem(t, err, api.CodeNoSpace, "df -h")
			wantNothing(t, s)
			if now := free(); now != before {
				t.Errorf("%d blocks were free, now %d", before, now)
			}
			from.tag("1", nil, pack(files{"small": "1"}))
			_, err = Put(t.Context(), s, incarnation(1), from.request("key"))
			check(t, err)
		})
	}
}
