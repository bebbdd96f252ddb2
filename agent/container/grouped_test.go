package container

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/cgroup"
)

// group declares a control group, at the top if it is in none, and answers its incarnation and what refers to it.
func (h *host) group(settings string, parent *api.Reference) (string, api.Reference) {
	h.t.Helper()
	incarnation, reference := nonce(), api.Reference{Owner: "test/group/" + nonce(), ContentKey: "top"}
	h.t.Cleanup(func() {
		h.removeAll()
		if err := h.groups.Delete(context.Background(), incarnation); err != nil {
			h.t.Error(err)
		}
	})
	h.regroup(incarnation, reference, settings, parent)
	return incarnation, reference
}

// regroup gives a group other settings.
func (h *host) regroup(incarnation string, reference api.Reference, settings string, parent *api.Reference) {
	h.t.Helper()
	request := api.CgroupRequest{Owner: reference.Owner, ContentKey: reference.ContentKey, Parent: parent, Resources: *resources(h.t, settings)}
	if _, err := h.groups.Put(h.t.Context(), incarnation, request); err != nil {
		h.t.Fatal(describe(err))
	}
}

func TestAContainerStaysInItsGroup(t *testing.T) {
	h := newHost(t)
	incarnation, one := h.group(`{"pids":{"max":100}}`, nil)
	_, two := h.group(`{}`, nil)
	container, r := nonce(), h.service("")
	r.Cgroup = &one
	h.put(container, r)
	pid := h.pid(container)
	// Under another name it is the same group.
	renamed := api.Reference{Owner: "test/group/" + nonce(), ContentKey: one.ContentKey}
	h.regroup(incarnation, renamed, `{"pids":{"max":90}}`, nil)
	r.Cgroup = &renamed
	h.put(container, r)
	for _, other := range []*api.Reference{&two, nil} {
		r.Cgroup = other
		if problem := h.refused(container, r, api.CodeInvalid); !strings.Contains(problem.Detail, "`cgroup` cannot change") {
			t.Error(describe(problem))
		}
	}
	if h.pid(container) != pid || filepath.Base(filepath.Dir(h.groupOf(container).Path())) == "c" {
		t.Errorf("the container went elsewhere: %s", h.groupOf(container).Path())
	}
}

func (h *host) groupOf(incarnation string) cgroup.Group {
	h.t.Helper()
	p, err := h.find(incarnation)
	if err != nil {
		h.t.Fatal(err)
	}
	return p.group
}
