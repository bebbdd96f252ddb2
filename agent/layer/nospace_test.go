package layer

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/store"
)

// TestFullDisk runs inside a mount namespace of its own, where it may mount small disks: the test starts itself there.
func TestFullDisk(t *testing.T) {
	requireRoot(t)
	if os.Getenv("SLIPWAY_TEST_IN_NAMESPACE") == "" {
		t.Parallel()
		command := exec.Command("/proc/self/exe", "-test.run=^TestFullDisk$", "-test.v")
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
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		t.Fatal(err)
	}
	var many []entry
	for i := range 600 {
		many = append(many, file(fmt.Sprint("f", i), ""))
	}
	noise := make([]byte, 6<<20)
	random := rand.NewChaCha8([32]byte{})
	random.Read(noise)
	for name, c := range map[string]struct {
		disk    string
		archive []byte
		step    string
	}{
		"no room for the archive":     {"size=4m", pack(file("noise", string(noise))), "receive archive"},
		"no room for the layer":       {"size=8m", pack(file("noise", string(noise))), "write"},
		"no room for what it unpacks": {"size=4m", compressed(pack(file("zeros", strings.Repeat("\x00", 30<<20)))), "write"},
		"no inodes for the layer":     {"size=8m,nr_inodes=300", pack(many...), "create"},
	} {
		t.Run(name, func(t *testing.T) {
			disk, s := smallDisk(t, c.disk)
			free := freeOn(t, disk)
			_, _, err := send(t.Context(), s, 1, "a", c.archive)
			checkProblem(t, err, api.CodeNoSpace, c.step)
			checkProblem(t, err, api.CodeNoSpace, "df -i")
			wantNothing(t, s)
			if now := freeOn(t, disk); now != free {
				t.Errorf("free were %+v, now %+v", free, now)
			}
			mustSend(t, s, 2, "a", pack(file("small", "x")), true)
		})
	}
	t.Run("no inodes at any step", everyInode)
}

// everyInode has the disk run out of inodes at each step in turn: with one more each time, until there are enough.
func everyInode(t *testing.T) {
	disk, _ := smallDisk(t, "nr_inodes=1000")
	used := 1000 - freeOn(t, disk).inodes
	archive := pack(folder("a"), file("b", "x"), symlink("c", "d"))
	for spare := range uint64(100) {
		disk, s := smallDisk(t, fmt.Sprintf("nr_inodes=%d", used+spare))
		before := freeOn(t, disk)
		if before.inodes != spare {
			t.Fatalf("%d inodes are free, %d were to be", before.inodes, spare)
		}
		_, _, err := send(t.Context(), s, 1, "a", archive)
		if err == nil {
			if spare < 10 {
				t.Errorf("a layer needed only %d inodes", spare)
			}
			return
		}
		checkProblem(t, err, api.CodeNoSpace, "df -i")
		wantNothing(t, s)
		if now := freeOn(t, disk); now != before {
			t.Errorf("with %d inodes: free were %+v, now %+v", spare, before, now)
		}
	}
	t.Error("a hundred inodes were not enough")
}

// smallDisk mounts a tmpfs and opens a store on it.
func smallDisk(t *testing.T, options string) (string, *store.Store) {
	t.Helper()
	disk := t.TempDir()
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, options+",mode=755"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Unmount(disk, unix.MNT_DETACH) })
	return disk, opened(t, disk)
}

type free struct{ blocks, inodes uint64 }

func freeOn(t *testing.T, disk string) free {
	t.Helper()
	var stat unix.Statfs_t
	if err := unix.Statfs(disk, &stat); err != nil {
		t.Fatal(err)
	}
	return free{stat.Bfree, stat.Ffree}
}
