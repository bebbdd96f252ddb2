package host

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The reference tools judge: uname, getconf, sha256sum, unshare.
func TestFactsAgreeWithTheToolsOfTheHost(t *testing.T) {
	facts, err := Facts("id")
	if err != nil {
		t.Fatal(err)
	}
	if want := output(t, "uname", "-r"); facts.Kernel != want {
		t.Errorf("kernel: got %q, uname -r says %q", facts.Kernel, want)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if want := "sha256:" + strings.Fields(output(t, "sha256sum", exe))[0]; facts.AgentDigest != want {
		t.Errorf("agentDigest: got %q, sha256sum says %q", facts.AgentDigest, want)
	}
	if want := exec.Command("unshare", "-U", "true").Run() == nil; facts.UserNamespaces != want {
		t.Errorf("userNamespaces: got %v, unshare -U says %v", facts.UserNamespaces, want)
	}
	if facts.CPUs < 1 || facts.MemoryBytes < 1<<20 || facts.CgroupVersion < 1 || facts.CgroupVersion > 2 {
		t.Errorf("impossible: %+v", facts)
	}
}

func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		t.Fatalf("%s %v: %v", name, args, err)
	}
	return strings.TrimSpace(string(out))
}

func TestOSNameReadsEveryQuoting(t *testing.T) {
	for text, want := range map[string]string{
		"NAME=x\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n": "Debian GNU/Linux 12 (bookworm)",
		"PRETTY_NAME='Alpine Linux'":                               "Alpine Linux",
		"PRETTY_NAME=Arch":                                         "Arch",
		`PRETTY_NAME="A \"quoted\" \$name"`:                        `A "quoted" $name`,
		"ID=none":                                                  "",
	} {
		name := filepath.Join(t.TempDir(), "os-release")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := osName(name+".absent", name); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	if got := osName("/nonexistent"); got != "" {
		t.Errorf("no file: got %q", got)
	}
}
