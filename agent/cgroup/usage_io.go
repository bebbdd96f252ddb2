package cgroup

import (
	"bytes"
	"os"
	"path/filepath"

	"pulumi-slipway/agent/api"
)

// io reads what went to and from devices, those of the groups below included.
func (r *reading) io() []api.DeviceUsage {
	group := r.with("io")
	var all deviceList
	if group.version == 1 {
		r.ioOfVersion1(group, &all)
	} else {
		r.ioOfVersion2(group, &all)
	}
	return r.used(all)
}

// deviceList is in the order in which they were found.
type deviceList []api.DeviceUsage

// of finds a device, or adds it.
func (d *deviceList) of(number []byte) *api.DeviceUsage {
	for i := range *d {
		if (*d)[i].Device == string(number) {
			return &(*d)[i]
		}
	}
	*d = append(*d, api.DeviceUsage{Device: string(number)})
	return &(*d)[len(*d)-1]
}

// ioOfVersion2 reads "254:0 rbytes=1 wbytes=2 ...". It goes by words, not by lines: some kernels forget the end of a line
// that has nothing to tell.
func (r *reading) ioOfVersion2(group folder, all *deviceList) {
	var device *api.DeviceUsage
	for word := range bytes.FieldsSeq(r.read(group, "io.stat")) {
		key, number, isPair := bytes.Cut(word, equals)
		value, ok := parseCount(number)
		switch {
		case !isPair:
			device = all.of(word)
		case device == nil || !ok:
		case string(key) == "rbytes":
			device.ReadBytes = value
		case string(key) == "wbytes":
			device.WriteBytes = value
		case string(key) == "rios":
			device.ReadOps = value
		case string(key) == "wios":
			device.WriteOps = value
		case string(key) == "dbytes":
			keep(&device.DiscardBytes, value)
		case string(key) == "dios":
			keep(&device.DiscardOps, value)
		}
	}
}

// ioOfVersion1 reads "254:0 Read 1" and so on, from a file of bytes and one of operations. Since Linux 6.10 both are empty
// for a device on which no group has a limit.
func (r *reading) ioOfVersion1(group folder, all *deviceList) {
	r.pairs(group, "blkio.throttle.io_service_bytes_recursive", func(key []byte, value int64) {
		number, kind, _ := bytes.Cut(key, space)
		switch string(kind) {
		case "Read":
			all.of(number).ReadBytes = value
		case "Write":
			all.of(number).WriteBytes = value
		case "Discard":
			keep(&all.of(number).DiscardBytes, value)
		}
	})
	r.pairs(group, "blkio.throttle.io_serviced_recursive", func(key []byte, value int64) {
		number, kind, _ := bytes.Cut(key, space)
		switch string(kind) {
		case "Read":
			all.of(number).ReadOps = value
		case "Write":
			all.of(number).WriteOps = value
		case "Discard":
			keep(&all.of(number).DiscardOps, value)
		}
	})
}

var equals, space = []byte("="), []byte(" ")

// used leaves out devices to and from which nothing went, and adds the names of the others.
func (r *reading) used(all deviceList) []api.DeviceUsage {
	used := all[:0]
	for _, d := range all {
		if d.ReadOps+d.WriteOps+or(d.DiscardOps) > 0 {
			d.Name = r.nameOf(d.Device)
			used = append(used, d)
		}
	}
	return used
}

// nameOf is the kernel's name for a block device, "" for one that is there no more.
func (r *Reader) nameOf(number string) string {
	name, known := r.names[number]
	if !known {
		if target, err := os.Readlink("/sys/dev/block/" + number); err == nil {
			name = filepath.Base(target)
		}
		r.names[number] = name
	}
	return name
}
