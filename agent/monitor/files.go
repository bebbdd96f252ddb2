package monitor

// The files of a container, see the package comment.
const (
	LogName = "log"
	// OlderLogName is what the log was called before it reached LogSize.
	OlderLogName = "log.1"
	ExitName     = "exit.json"
)

// LogSize is how large a log becomes before it is put aside, in bytes; a container has at most two.
const LogSize = 16 << 20

// State is what stands in the state file, as JSON.
type State struct {
	Pid int `json:"pid"`
	// StartedAt is when the program was executed, as RFC 3339 with nanoseconds.
	StartedAt string `json:"startedAt"`
	// Pipes are the inodes of its standard output and standard error.
	Pipes [2]uint64 `json:"pipes"`
}

// Exit is what stands in the exit file, as JSON.
type Exit struct {
	// Code is the program's status, or 128 and the signal that ended it.
	Code      int    `json:"code"`
	StartedAt string `json:"startedAt"`
	EndedAt   string `json:"endedAt"`
}
