package container

import (
	"fmt"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/cgroup"
)

// leastMemory is Docker's bound: below it not even the start of a program would fit.
const leastMemory = 6 << 20

// resourcesOf are those of a request. As with Docker, a limit m of memory allows for m of memory and as much swap again,
// unless the request says otherwise.
func resourcesOf(r api.ContainerRequest) *api.GroupResources {
	wanted := or(r.Resources)
	if m := wanted.Memory; m != nil && m.Max != nil && m.SwapMax == nil {
		memory := *m
		memory.SwapMax = m.Max
		wanted.Memory = &memory
	}
	return &wanted
}

func or(r *api.GroupResources) api.GroupResources {
	if r == nil {
		return api.GroupResources{}
	}
	return *r
}

// asked takes from what the kernel holds what nobody asked for.
func asked(held *api.GroupResources, r api.ContainerRequest) *api.GroupResources {
	if held.Memory != nil && (r.Resources.Memory == nil || r.Resources.Memory.SwapMax == nil) {
		memory := *held.Memory
		memory.SwapMax = nil
		held.Memory = &memory
	}
	return held
}

func validateResources(r *api.GroupResources) error {
	if r == nil {
		return nil
	}
	if len(r.Devices) > 0 {
		return &api.Problem{Code: api.CodeInvalid, Object: "devices", Detail: "`devices` are for groups above containers"}
	}
	if m := r.Memory; m != nil && m.Max != nil && *m.Max != api.Unlimited && *m.Max < leastMemory {
		return &api.Problem{Code: api.CodeInvalid, Object: "memory",
			Detail: fmt.Sprintf("`memory` must be at least 6 MiB (%d bytes), got %d", leastMemory, *m.Max)}
	}
	return cgroup.Validate(r)
}
