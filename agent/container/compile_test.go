package container

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/cgroup"
	"pulumi-slipway/agent/recipe"
)

var update = flag.Bool("update", false, "write the golden files anew")

func example(version int) spec {
	tree := &cgroup.Tree{Base: "base", Mounted: []cgroup.Hierarchy{{Mount: "/cg", Version: 2, Controllers: []string{"cpu", "memory", "pids"}}}}
	if version == 1 {
		tree.Mounted = []cgroup.Hierarchy{
			{Mount: "/cg/memory", Version: 1, Controllers: []string{"memory"}},
			{Mount: "/cg/cpu", Version: 1, Controllers: []string{"cpu", "cpuset"}},
			{Mount: "/cg/pids", Version: 1, Controllers: []string{"pids"}},
		}
	}
	tree.Entered = tree.Mounted
	group := tree.Group("abc")
	memory, quota, processes := int64(64<<20), int64(50_000), int64(10)
	wanted := &api.GroupResources{CPU: &api.CPU{MaxUs: &quota}, Memory: &api.Memory{Max: &memory, SwapMax: &memory}, Pids: &api.Pids{Max: &processes}}
	settings, err := group.Settings(wanted)
	if err != nil {
		panic(err)
	}
	return spec{
		trees: []string{"/layers/lower", "/layers/higher"}, upper: "/c/upper", work: "/c/work", place: "/c",
		readOnly: version == 1, group: group, settings: settings, entered: tree.Entered,
		hostname: "name", hostNetwork: version == 1, files: []etcFile{{"hosts", "127.0.0.1 localhost\n"}, {"hostname", "name\n"}, {"resolv.conf", ""}},
		user: user{uid: 1000, gid: 1000, groups: []uint32{5}, home: "/"}, directory: "/srv/www",
		arguments: []string{"httpd", "-f"}, env: []string{"PATH=/usr/bin:/bin"}, kernel: abilities{overlayByLayer: version == 2},
	}
}

// The golden files are the start of a container, step by step, for people to read.
func TestStepsOfARecipe(t *testing.T) {
	for _, version := range []int{1, 2} {
		golden := fmt.Sprintf("testdata/steps-v%d.txt", version)
		got := steps(compile(example(version)).Encode())
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s has changed; compare with: go test ./container -run Steps -update && git diff", golden)
		}
	}
}

func steps(file []byte) string {
	var text strings.Builder
	for list, title := range []string{"before", "child", "after"} {
		fmt.Fprintf(&text, "# %s\n", title)
		for index := uint32(0); ; index++ {
			name, object, ok := recipe.Name(file, recipe.Which(list), index)
			if !ok {
				break
			}
			fmt.Fprintln(&text, strings.TrimSpace(name+" "+object))
		}
	}
	return text.String()
}

func TestFewEnoughRegistersAndDescriptors(t *testing.T) {
	s := example(2)
	for len(s.trees) < 500 {
		s.trees = append(s.trees, fmt.Sprint("/layers/", len(s.trees)))
	}
	s.arguments = []string{"program"}
	for range 100 {
		s.env[0] += ":/one/more"
	}
	for _, byLayer := range []bool{true, false} {
		s.kernel.overlayByLayer = byLayer
		if len(compile(s).Encode()) == 0 {
			t.Error("nothing")
		}
	}
}

func TestCapabilitiesAreDockersDefault(t *testing.T) {
	if set := capabilitySet(capabilities); set != 0xa80425fb {
		t.Errorf("%x", set)
	}
	if capabilitySet(capabilities)&(1<<unix.CAP_SYS_ADMIN) != 0 {
		t.Error("CAP_SYS_ADMIN")
	}
}
