package cgroup

import (
	"bytes"
	"strconv"

	"pulumi-slipway/agent/api"
)

// pressure is there where the hierarchy of version 2 is, in a kernel that keeps it (CONFIG_PSI, and psi=1 where that is
// off by default).
func (r *reading) pressure() *api.Pressure {
	group := r.unified()
	found := api.Pressure{CPU: r.stall(group, "cpu.pressure"), Memory: r.stall(group, "memory.pressure"), IO: r.stall(group, "io.pressure")}
	if found == (api.Pressure{}) {
		return nil
	}
	return &found
}

// stall reads "some avg10=0.00 avg60=0.00 avg300=0.00 total=0" and the same for "full".
func (r *reading) stall(group folder, name string) *api.Stall {
	var stall *api.Stall
	for line := range bytes.Lines(r.read(group, name)) {
		who, shares, _ := bytes.Cut(line, space)
		switch string(who) {
		case "some":
			stall = &api.Stall{Some: shareOf(shares)}
		case "full":
			if share := shareOf(shares); stall != nil {
				stall.Full = &share
			}
		}
	}
	return stall
}

func shareOf(text []byte) api.StallShare {
	var share api.StallShare
	for word := range bytes.FieldsSeq(text) {
		key, number, _ := bytes.Cut(word, equals)
		switch string(key) {
		case "avg10":
			share.Avg10 = percent(number)
		case "avg60":
			share.Avg60 = percent(number)
		case "avg300":
			share.Avg300 = percent(number)
		case "total":
			share.TotalUs, _ = parseCount(number)
		}
	}
	return share
}

func percent(text []byte) float64 {
	value, _ := strconv.ParseFloat(string(text), 64)
	return value
}
