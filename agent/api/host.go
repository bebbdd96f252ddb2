package api

// HostRequest claims the host for an owner.
type HostRequest struct {
	Owner string `json:"owner"`
}

// HostFacts is what the agent observes of the machine it runs on.
type HostFacts struct {
	// HostID is minted by the agent at its first start and bound to the machine id.
	HostID string `json:"hostId"`
	// Architecture in Go's and Docker's words: "amd64" or "arm64".
	Architecture string `json:"architecture"`
	// Kernel is the release as uname(2) gives it.
	Kernel string `json:"kernel"`
	// OS is PRETTY_NAME of os-release(5), "" where there is none.
	OS string `json:"os"`
	// CgroupVersion is 2 for a pure unified hierarchy, else 1 (hybrid included).
	CgroupVersion int   `json:"cgroupVersion"`
	CPUs          int   `json:"cpus"`
	MemoryBytes   int64 `json:"memoryBytes"`
	// UserNamespaces tells whether the kernel lets the agent create one.
	UserNamespaces bool `json:"userNamespaces"`
	// AgentDigest is the sha256 of the running agent file, "sha256:" and 64 hexadecimal digits.
	AgentDigest string `json:"agentDigest"`
}

// HostAnswer is a claim on the host and what the host is.
type HostAnswer struct {
	Identity
	HostFacts
}
