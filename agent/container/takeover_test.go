package container

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/store"
)

// serving are the incarnations that exist, sorted by whether they run.
func (h *host) serving() (running, ended []string) {
	h.t.Helper()
	all, err := h.List(context.Background())
	if err != nil {
		h.t.Fatal(err)
	}
	for _, one := range all {
		if one.Running {
			running = append(running, one.Incarnation)
		} else {
			ended = append(ended, one.Incarnation)
		}
	}
	return running, ended
}

func (h *host) onlyServes(incarnation string) {
	h.t.Helper()
	running, ended := h.serving()
	if len(running) != 1 || running[0] != incarnation || len(ended) != 0 {
		h.t.Errorf("running %v, ended %v; want only %s", running, ended, incarnation)
	}
}

// Both ways of handing over: beside each other where that is possible, else one after the other.
func TestANewIncarnationTakesTheSlotOver(t *testing.T) {
	for _, network := range []string{"none", "host"} {
		t.Run(network, func(t *testing.T) {
			h := newHost(t)
			good := h.service("echo ready")
			good.Network = network
			bad := good
			bad.Command = []string{"sh", "-c", "echo no good; exit 9"}
			absent := good
			absent.Command = []string{"/absent"}

			first := nonce()
			h.put(first, good)
			pid := h.pid(first)

			// What is not good leaves the one before serving and nothing of itself.
			problem := h.refused(nonce(), bad, api.CodeExited)
			if problem.Left != nil || strings.Join(problem.Log, "") != "no good" {
				t.Error(describe(problem))
			}
			h.onlyServes(first)
			h.refused(nonce(), absent, api.CodeProgramNotFound)
			h.onlyServes(first)
			if same := h.pid(first) == pid; same != (network == "none") {
				t.Errorf("the process is the same: %v", same)
			}

			second := nonce()
			h.put(second, good)
			h.onlyServes(second)
			h.gone(first)
			h.delete(first)
			h.onlyServes(second)

			// One that has ended by itself is taken over too, and not started again where the new one is no good.
			if err := unix.Kill(h.pid(second), unix.SIGKILL); err != nil {
				t.Fatal(err)
			}
			await(t, "its end", func() bool { return h.get(second).ExitCode != nil })
			h.refused(nonce(), bad, api.CodeExited)
			if running, ended := h.serving(); len(running) != 0 || len(ended) != 1 || ended[0] != second {
				t.Errorf("running %v, ended %v", running, ended)
			}
			third := nonce()
			h.put(third, good)
			h.onlyServes(third)
			h.delete(third)
			h.nothingIsLeft()
		})
	}
}

// cutOff does to a request what a killed agent and a client that never comes back do.
func (h *host) cutOff(incarnation string, r api.ContainerRequest) {
	h.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		await(h.t, "the start", func() bool {
			p, err := h.find(incarnation)
			if err != nil {
				return false
			}
			o, err := p.observe()
			o.close()
			return err == nil && o.running()
		})
		cancel()
	}()
	if _, err := h.Put(ctx, incarnation, r); !errors.Is(err, context.Canceled) {
		h.t.Fatal(err)
	}
	p, err := h.find(incarnation)
	if err != nil || p.committed() {
		h.t.Fatal(err, "committed")
	}
}

func TestACreateThatWasCutOff(t *testing.T) {
	for _, network := range []string{"none", "host"} {
		t.Run(network, func(t *testing.T) {
			h := newHost(t)
			r := h.shell("echo begun; trap 'exit 1' TERM; while [ ! -e /go ]; do sleep 0.01; done")
			r.Network = network
			begun := nonce()
			h.cutOff(begun, r)

			// The same request goes on with it.
			pid := h.pid(begun)
			if err := os.WriteFile("/proc/"+itoa(pid)+"/root/go", nil, 0o644); err != nil {
				t.Fatal(err)
			}
			if answer := h.put(begun, r); *answer.ExitCode != 0 {
				t.Errorf("%+v", answer)
			}
			expect(t, "it was not started twice", h.log(begun), []string{"begun"})
			h.delete(begun)

			// Another one in the slot takes over what was left, good or not: it is no predecessor.
			left := nonce()
			h.cutOff(left, r)
			failing := h.shell("exit 2")
			failing.Owner, failing.Network = r.Owner, network
			failed := nonce()
			if problem := h.refused(failed, failing, api.CodeJobFailed); problem.Left == nil {
				t.Error(describe(problem))
			}
			h.gone(left)
			h.delete(failed)

			// Deleting what the client knows of takes what it does not know of along.
			service := h.service("")
			service.Owner, service.Network = r.Owner, network
			known, unknown := nonce(), nonce()
			h.put(known, service)
			h.cutOff(unknown, r)
			h.delete(known)
			h.nothingIsLeft()
		})
	}
}

func TestStopFirstIsUndoneAfterACutOffToo(t *testing.T) {
	h := newHost(t)
	service := h.service("")
	service.Network = "host"
	first, second := nonce(), nonce()
	h.put(first, service)
	job := h.shell("trap 'exit 1' TERM; sleep 1000 & wait")
	job.Owner, job.Network = service.Owner, "host"
	h.cutOff(second, job)
	if h.get(first).Running {
		t.Fatal("the first one was not stopped")
	}
	failing := h.shell("exit 2")
	failing.Owner, failing.Network = service.Owner, "host"
	if problem := h.refused(nonce(), failing, api.CodeJobFailed); problem.Left != nil {
		t.Error(describe(problem))
	}
	h.onlyServes(first)
}

// Two containers of the host's network want the same port, and an agent is killed in the middle of handing it over.
func TestAPortIsHandedOverAfterACutOffToo(t *testing.T) {
	h := newHost(t)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := h.shell("")
	r.Network, r.Wait, r.Command = "host", "running", []string{"httpd", "-f", "-p", free.Addr().String()}
	free.Close()
	first, second, third := nonce(), nonce(), nonce()
	h.put(first, r)

	// Killed when all is written down, before anything is stopped: the same request goes on.
	slot, err := h.store.Enter(t.Context(), store.Containers, second, r.Owner)
	if err != nil {
		t.Fatal(err)
	}
	a := &attempt{Containers: h.Containers, slot: slot, place: h.place(slot.ID, second), request: r}
	if a.others, err = h.others(slot, second); err != nil {
		t.Fatal(err)
	}
	made, release, err := a.lay(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := h.write(a.place, made); err != nil {
		t.Fatal(err)
	}
	release()
	slot.Release()
	h.put(second, r)
	h.onlyServes(second)

	// Killed when the new one runs, and the client is back at the old one.
	h.cutOff(third, r)
	if h.get(second).Running {
		t.Fatal("the second one was not stopped")
	}
	h.put(second, r)
	h.onlyServes(second)
	h.delete(second)
	h.nothingIsLeft()
}

func TestSweepRemovesWhatNobodyOwns(t *testing.T) {
	h := newHost(t)
	service := h.service("")
	running := nonce()
	h.put(running, service)
	p, err := h.find(running)
	if err != nil {
		t.Fatal(err)
	}
	orphan := h.place("", nonce())
	for _, entered := range h.tree.Entered {
		if err := os.Mkdir(orphan.group.Folder(entered), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := orphan.makeState(); err != nil {
		t.Fatal(err)
	}
	// Its folder is gone as after an interrupted removal; the process is nobody's.
	lost := nonce()
	h.put(lost, h.service(""))
	lostPlace, err := h.find(lost)
	if err != nil {
		t.Fatal(err)
	}
	process, err := unix.PidfdOpen(h.pid(lost), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(process)
	monitor, err := lostPlace.monitorOf()
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Kill(monitor, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	await(t, "the monitor's end", func() bool { m, err := lostPlace.monitorOf(); return err == nil && m == 0 })
	if err := os.RemoveAll(lostPlace.dir); err != nil {
		t.Fatal(err)
	}
	if err := h.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !ended(process) {
		t.Error("the lost container still runs")
	}
	if groups, _ := h.tree.Containers(); len(groups) != 1 || groups[0].Name() != running {
		t.Errorf("groups %v", groups)
	}
	if !p.committed() || !h.get(running).Running {
		t.Error("the container that is somebody's is gone")
	}
	h.delete(running)
	h.nothingIsLeft()
}
