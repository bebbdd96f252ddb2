package container

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
)

// The first and the last real-time signal that programs may use; glibc keeps two for itself.
const (
	firstRealTime = 34
	lastRealTime  = 64
)

// parseSignal reads "SIGTERM", "TERM", "15", "SIGRTMIN+3" or "SIGRTMAX-1"; "" is SIGTERM.
func parseSignal(text string) (unix.Signal, error) {
	name := strings.ToUpper(strings.TrimSpace(text))
	if name == "" {
		return unix.SIGTERM, nil
	}
	if number, err := strconv.Atoi(name); err == nil {
		return checkSignal(text, number)
	}
	name = "SIG" + strings.TrimPrefix(name, "SIG")
	if signal := unix.SignalNum(name); signal != 0 {
		return signal, nil
	}
	for prefix, base := range map[string]int{"SIGRTMIN": firstRealTime, "SIGRTMAX": lastRealTime} {
		rest, ok := strings.CutPrefix(name, prefix)
		if !ok {
			continue
		}
		offset := 0
		if rest != "" {
			var err error
			if offset, err = strconv.Atoi(rest); err != nil {
				break
			}
		}
		return checkSignal(text, base+offset)
	}
	return checkSignal(text, 0)
}

func checkSignal(text string, number int) (unix.Signal, error) {
	if number < 1 || number > lastRealTime {
		return 0, &api.Problem{Code: api.CodeInvalid, Object: "stopSignal",
			Detail: fmt.Sprintf("`stopSignal` must be a signal such as \"SIGTERM\", \"SIGRTMIN+3\" or \"15\", got %q", text)}
	}
	return unix.Signal(number), nil
}
