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
	// Paused is whether nothing in the container runs once it was started; with Wait "running" only.
	Paused bool `json:"paused,omitempty"`
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
	// Paused is whether the container was paused itself, whatever becomes of groups above it. Then Running is true.
	Paused bool `json:"paused"`
	// ExitCode is set once the first process has ended: its status, or 128 and the signal that ended it.
	// It stays nil where the code could not be learnt.
	ExitCode *int `json:"exitCode,omitempty"`
	// OOMKilled is whether the kernel killed a process of it for want of memory since it was started last, PidsLimitReached
	// whether it refused it one for a limit of their number. They are nil where nobody can tell.
	OOMKilled        *bool `json:"oomKilled,omitempty"`
	PidsLimitReached *bool `json:"pidsLimitReached,omitempty"`
	// Resources are what the kernel holds now of those that were asked for, nil where the container does not run.
	Resources *GroupResources   `json:"resources,omitempty"`
	Labels    map[string]string `json:"labels,omitempty"`
}
