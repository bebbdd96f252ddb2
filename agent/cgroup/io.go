package cgroup

import (
	"bufio"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
)

// ioMax is `docker run --device-read-bps` and its three companions.
var ioMax = throttle{label{"io.max", "`deviceReadBps` and the like", "io"}}

type throttle struct{ label }

func (k throttle) isSet(r *api.GroupResources) bool { return len(or(r.IO).Max) > 0 }

var deviceForm = regexp.MustCompile(`^(/dev/[^\0]+|\d+:\d+)$`)

func (k throttle) wrong(r *api.GroupResources) []string {
	var all []string
	for _, limit := range r.IO.Max {
		if !deviceForm.MatchString(limit.Device) {
			all = append(all, fmt.Sprintf("%s: a device is a path below /dev or \"major:minor\", got %q", k.name(), limit.Device))
		}
		for _, rate := range rates {
			if set := *rate.field(&limit); set != nil {
				if text := (bounds{1, unlimited - 1}).refuse(k.name()+", "+rate.what+" of "+limit.Device, *set, true); text != "" {
					all = append(all, text)
				}
			}
		}
	}
	return all
}

// rate is one of the four limits of a device.
type rate struct {
	what, key, file string
	field           func(*api.IOMax) **int64
}

var rates = []rate{
	{"bytes read", "rbps", "blkio.throttle.read_bps_device", func(m *api.IOMax) **int64 { return &m.ReadBytes }},
	{"bytes written", "wbps", "blkio.throttle.write_bps_device", func(m *api.IOMax) **int64 { return &m.WriteBytes }},
	{"reads", "riops", "blkio.throttle.read_iops_device", func(m *api.IOMax) **int64 { return &m.ReadOps }},
	{"writes", "wiops", "blkio.throttle.write_iops_device", func(m *api.IOMax) **int64 { return &m.WriteOps }},
}

// limits are those that are wanted, by the number of the device. One device may be named several times, because nobody
// has to know that /dev/sda is 8:0, as long as the limits do not contradict each other.
func (k throttle) limits(wanted *api.GroupResources) (map[string]api.IOMax, error) {
	found := map[string]api.IOMax{}
	for _, limit := range or(wanted.IO).Max {
		number, err := deviceNumber(limit.Device)
		if err != nil {
			return nil, err
		}
		all, twice := found[number]
		if !twice {
			all.Device = limit.Device
		}
		for _, r := range rates {
			set, before := *r.field(&limit), r.field(&all)
			if set != nil && *before != nil && **before != *set {
				return nil, fmt.Errorf("%s and %s are one device (%s), which cannot have both %d and %d %s a second",
					all.Device, limit.Device, number, **before, *set, r.what)
			}
			if set != nil {
				*before = set
			}
		}
		found[number] = all
	}
	return found, nil
}

// settings lift the limits of every device that has some and is not named.
func (k throttle) settings(p place, wanted *api.GroupResources) ([]Setting, error) {
	limits, err := k.limits(wanted)
	if err != nil {
		return nil, err
	}
	held, err := k.held(p)
	if err != nil {
		return nil, err
	}
	order := slices.Collect(maps.Keys(limits))
	for number := range held {
		if _, named := limits[number]; !named {
			order = append(order, number)
		}
	}
	slices.Sort(order)
	var all []Setting
	for _, number := range order {
		limit := limits[number]
		words := []string{number}
		for _, r := range rates {
			value := int64(api.Unlimited)
			if set := *r.field(&limit); set != nil {
				value = *set
			}
			was := held[number]
			if p.version == 2 {
				words = append(words, r.key+"="+word("io.max", 2, value))
			} else if before := *r.field(&was); value != api.Unlimited || before != nil {
				// 0 lifts a limit of version 1.
				all = append(all, Setting{Path: p.path(r.file), Value: number + " " + strconv.FormatInt(max(0, value), 10)})
			}
		}
		if p.version == 2 {
			all = append(all, Setting{Path: p.path("io.max"), Value: strings.Join(words, " ")})
		}
	}
	return all, nil
}

func (k throttle) read(p place, wanted, found *api.GroupResources) error {
	held, err := k.held(p)
	if err != nil {
		return err
	}
	limits, err := k.limits(wanted)
	if err != nil {
		return err
	}
	for _, limit := range or(wanted.IO).Max {
		number, err := deviceNumber(limit.Device)
		if err != nil {
			return err
		}
		there, all := held[number], limits[number]
		now := api.IOMax{Device: limit.Device}
		for _, r := range rates {
			set, has := *r.field(&limit), *r.field(&there)
			// What no name of the device asks for is shown under the first.
			if set != nil || *r.field(&all) == nil && all.Device == limit.Device {
				*r.field(&now) = has
			}
			if set != nil && *set == api.Unlimited && has == nil {
				*r.field(&now) = set
			}
		}
		within(&found.IO).Max = append(within(&found.IO).Max, now)
	}
	maps.DeleteFunc(held, func(number string, _ api.IOMax) bool { return limits[number].Device != "" })
	var others []string
	for number := range held {
		others = append(others, number)
	}
	slices.Sort(others)
	for _, number := range others {
		other := held[number]
		other.Device = number
		within(&found.IO).Max = append(within(&found.IO).Max, other)
	}
	return nil
}

// held are the limits there are, by the number of the device. A group that does not exist yet has none.
func (k throttle) held(p place) (map[string]api.IOMax, error) {
	found := map[string]api.IOMax{}
	note := func(number string, r rate, text, path string) error {
		value, err := parseNumber(path, text)
		if err != nil || value == api.Unlimited {
			return err
		}
		limit := found[number]
		*r.field(&limit) = &value
		found[number] = limit
		return nil
	}
	for _, r := range rates {
		path := p.path(r.file)
		if p.version == 2 {
			path = p.path("io.max")
		}
		file, err := os.Open(path)
		if os.IsNotExist(err) {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		for lines := bufio.NewScanner(file); err == nil && lines.Scan(); {
			words := strings.Fields(lines.Text())
			if p.version == 1 && len(words) == 2 {
				err = note(words[0], r, words[1], path)
			}
			for _, word := range words {
				if text, ok := strings.CutPrefix(word, r.key+"="); ok && p.version == 2 {
					err = note(words[0], r, text, path)
				}
			}
		}
		file.Close()
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

func (k throttle) missing(p place, wanted *api.GroupResources) error {
	if _, err := k.limits(wanted); err != nil {
		return err
	}
	if p.version == 1 {
		return absent(p.path(rates[0].file), rates[0].file, "")
	}
	return absent(p.path("io.max"), "io.max", "")
}

// deviceNumber is "major:minor" of a block device named by that or by its path.
func deviceNumber(device string) (string, error) {
	if !strings.HasPrefix(device, "/") {
		return device, nil
	}
	var stat unix.Stat_t
	if err := unix.Stat(device, &stat); err != nil {
		return "", fmt.Errorf("look for the device %s: %w", device, err)
	}
	if stat.Mode&unix.S_IFMT != unix.S_IFBLK {
		return "", fmt.Errorf("%s is no block device", device)
	}
	return fmt.Sprintf("%d:%d", unix.Major(stat.Rdev), unix.Minor(stat.Rdev)), nil
}
