package api

// ContainerRequest asks for a running container, or with Wait "exit" for one that has run. A nil or absent field
// leaves the choice to the image and then to the default.
type ContainerRequest struct {
	Owner string `json:"owner"`
	// Image names the image claim to run.
	Image      Reference         `json:"image"`
	Entrypoint []string          `json:"entrypoint,omitempty"`
	Command    []string          `json:"command,omitempty"`
	Env        map[string]string `json:"env,omitempty"`
	WorkingDir string            `json:"workingDir,omitempty"`
	User       string            `json:"user,omitempty"`
	Hostname   string            `json:"hostname,omitempty"`
	// Network is "none" or "host".
	Network string `json:"network"`
	// Cgroup names the group the container's own is in; nil for none that people declare.
	Cgroup *Reference `json:"cgroup,omitempty"`
	// Resources are the settings of the container's own control group. Devices are no part of them: no device but the
	// usual ones can be opened in a container.
	Resources *GroupResources   `json:"resources,omitempty"`
	Labels    map[string]string `json:"labels,omitempty"`
	// StopSignal is a name as in signal(7) with SIG; "" means the image's, then SIGTERM.
	StopSignal string `json:"stopSignal,omitempty"`
	// StopTimeoutMs is how long stopping waits after the signal before it kills, in milliseconds; nil means 10 s.
	StopTimeoutMs *int64 `json:"stopTimeoutMs,omitempty"`
	ReadOnly      bool   `json:"readOnly,omitempty"`
	// Wait is "running" (the program was executed and has not ended within 200 ms) or "exit" (it has ended
	// with 0; a job, run once).
	Wait string `json:"wait"`
}

// ContainerAnswer describes a container as it now is. It holds no pid, no uptime and no counter, because it
// becomes state that is compared.
type ContainerAnswer struct {
	Identity
	ImageID string `json:"imageId"`
	Running bool   `json:"running"`
	// ExitCode is set once the first process has ended: its status, or 128 and the signal that ended it.
	// It stays nil where the code could not be learnt.
	ExitCode *int `json:"exitCode,omitempty"`
	// Resources are what the kernel holds now of those that were asked for, nil where the container does not run.
	Resources *GroupResources   `json:"resources,omitempty"`
	Labels    map[string]string `json:"labels,omitempty"`
}
