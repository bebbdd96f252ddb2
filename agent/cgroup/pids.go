package cgroup

import (
	"path/filepath"
	"strconv"

	"pulumi-slipway/agent/api"
)

// pids is `docker run --pids-limit`. Both versions of control groups say it the same way.
var pids = knob{
	argument: "pidsLimit", controller: "pids",
	isSet: func(l Limits) bool { return l.PidsLimit != 0 },
	settings: func(folder string, _ int, l Limits) []Setting {
		value := "max"
		if l.PidsLimit != 0 {
			value = strconv.FormatInt(l.PidsLimit, 10)
		}
		return []Setting{{Path: filepath.Join(folder, "pids.max"), Value: value}}
	},
	read: func(folder string, _ int, _ Limits, into *api.ContainerLimits) error {
		held, err := number(filepath.Join(folder, "pids.max"))
		if err != nil || held >= unlimited {
			return err
		}
		into.PidsLimit = &held
		return nil
	},
}
