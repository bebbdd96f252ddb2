package container

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/store"
)

// agentVariable holds what a process is to do that plays the agent and is killed.
const agentVariable = "SLIPWAY_TEST_AGENT"

type agentOrder struct {
	Root, Run, Base, Programs, Incarnation string
	Request                                api.ContainerRequest
	Delete                                 bool
	// Login are commands of a shell that become the agent.
	Login string
}

// playAgent carries out one request in a process of its own.
func playAgent(text string) error {
	var order agentOrder
	if err := json.Unmarshal([]byte(text), &order); err != nil {
		return err
	}
	s, err := store.Open(order.Root, order.Run)
	if err != nil {
		return err
	}
	c, err := OpenWith(s, order.Base, order.Programs)
	if err != nil {
		return err
	}
	if order.Delete {
		err = c.Delete(context.Background(), order.Incarnation)
	} else {
		_, err = c.Put(context.Background(), order.Incarnation, order.Request)
	}
	c.Close()
	s.Close()
	return err
}

// agent starts such a process.
func (h *host) agent(order agentOrder) *exec.Cmd {
	h.t.Helper()
	order.Root, order.Run, order.Base, order.Programs = h.store.Root(), h.store.Run(), h.tree.Base, programs
	text, err := json.Marshal(order)
	if err != nil {
		h.t.Fatal(err)
	}
	command := exec.Command("/proc/self/exe")
	command.Env = []string{agentVariable + "=" + string(text)}
	command.Stderr = os.Stderr
	if order.Login != "" {
		program, err := os.Executable()
		if err != nil {
			h.t.Fatal(err)
		}
		command.Path, command.Args = "/bin/sh", []string{"sh", "-c", order.Login + `; exec "$0"`, program}
	}
	if err := command.Start(); err != nil {
		h.t.Fatal(err)
	}
	return command
}

// Whatever a login sets, containers are as they are from any other.
func TestALoginLeavesNothingOnAContainer(t *testing.T) {
	h := newHost(t)
	script := "umask; grep -E '^Sig(Blk|Ign)' /proc/self/status; cut -c1-46 /proc/self/limits; grep -E '^(policy|prio)' /proc/self/sched; echo; cat /proc/self/oom_score_adj; env | sort; pwd"
	want := h.lines(script)
	incarnation := nonce()
	r := h.shell(script)
	r.Hostname = "same"
	if err := h.agent(agentOrder{Incarnation: incarnation, Request: r, Login: `
		umask 077; trap "" HUP PIPE TERM USR1; cd /tmp; export A=b HOME=/none
		ulimit -S -n 400; ulimit -S -c unlimited; ulimit -S -s 4096; ulimit -S -f 2000000; ulimit -S -v 60000000
		echo 500 > /proc/self/oom_score_adj; renice -n 7 $$ > /dev/null`}).Wait(); err != nil {
		t.Fatal(err)
	}
	got := h.log(incarnation)
	host := regexp.MustCompile("^HOSTNAME=.*")
	for i := range want {
		want[i] = host.ReplaceAllString(want[i], "HOSTNAME=same")
	}
	expect(t, "what the program sees", got, want)
	for _, limit := range []string{"Max open files            1024 ", "Max core file size        0 ", "Max stack size            8388608 "} {
		if !strings.Contains(strings.Join(got, "\n"), limit) {
			t.Errorf("no %q in\n%s", limit, strings.Join(got, "\n"))
		}
	}
}

func TestAContainerOutlivesItsAgent(t *testing.T) {
	h := newHost(t)
	incarnation := nonce()
	agent := h.agent(agentOrder{Incarnation: incarnation, Request: h.service("while :; do echo tick; sleep 0.02; done & :")})
	await(t, "the first line", func() bool {
		p, err := h.find(incarnation)
		return err == nil && len(lastLogLines(p, 1)) > 0
	})
	if err := agent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = agent.Wait()
	pid := h.pid(incarnation)
	lines := len(h.log(incarnation))
	await(t, "more lines", func() bool { return len(h.log(incarnation)) > lines+5 })
	if h.pid(incarnation) != pid {
		t.Error("the process is another one")
	}
	// Nobody listens to the monitor any more; it keeps the exit code all the same.
	if err := unix.Kill(pid, unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	await(t, "the exit code", func() bool { answer := h.get(incarnation); return answer.ExitCode != nil && *answer.ExitCode == 0 })
	h.delete(incarnation)
	h.nothingIsLeft()
}

// An agent is killed at any moment of a create, a replacement or a removal. Whoever comes next converges: with the
// same request, or with another one for the slot; and in the end nothing is left.
func TestAgentKilledAtAnyMoment(t *testing.T) {
	rounds := 40
	if testing.Short() {
		rounds = 8
	}
	h := newHost(t)
	random := rand.New(rand.NewPCG(1, uint64(time.Now().UnixNano())))
	for round := range rounds {
		request := h.service("echo ready")
		request.Network = []string{"none", "host"}[round%2]
		first, second := nonce(), nonce()
		order := agentOrder{Incarnation: first, Request: request}
		what := "create"
		if round%4 >= 2 {
			h.put(first, request)
			what, order.Incarnation = "replace", second
			if round%8 >= 6 {
				what, order.Incarnation, order.Delete = "delete", first, true
			}
		}
		agent := h.agent(order)
		time.Sleep(time.Duration(random.Int64N(int64(300 * time.Millisecond))))
		if err := agent.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = agent.Wait()
		if err := h.Sweep(t.Context()); err != nil {
			t.Errorf("%s: sweep: %v", what, err)
		}
		next := order.Incarnation
		if random.IntN(2) == 0 || what == "delete" {
			next = nonce()
		}
		if answer := h.put(next, request); !answer.Running {
			t.Errorf("%s: %+v", what, answer)
		}
		h.onlyServes(next)
		expect(t, what+": log", h.log(next), []string{"ready"})
		h.delete(next)
		h.nothingIsLeft()
		if t.Failed() {
			t.Fatalf("round %d: %s", round, what)
		}
	}
	if err := h.store.Sweep(t.Context(), 0); err != nil {
		t.Error(err)
	}
	for _, folder := range []string{"building", "trash"} {
		// What this process threw away itself is removed in the background.
		await(t, "nothing is left in "+folder, func() bool {
			left, err := os.ReadDir(filepath.Join(h.store.Root(), folder))
			return err == nil && len(left) == 0
		})
	}
}
