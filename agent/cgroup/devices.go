package cgroup

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
)

// devices are the device nodes a group may use, as rules in the format of version 1: "c 1:3 rwm", "b 8:* r". What no rule
// allows is refused. Version 1 keeps the rules; version 2 asks a program (devices_program.go).
var devices = deviceRules{label{"devices", "", "devices"}}

type deviceRules struct{ label }

func (k deviceRules) isSet(r *api.GroupResources) bool { return len(r.Devices) > 0 }

func (k deviceRules) wrong(r *api.GroupResources) []string {
	var all []string
	for _, text := range r.Devices {
		if _, err := parseRule(text); err != nil {
			all = append(all, "`devices`: "+err.Error())
		}
	}
	return all
}

// settings of version 1 go from the rules there are to those that are wanted.
func (k deviceRules) settings(p place, wanted *api.GroupResources) ([]Setting, error) {
	if p.version == 2 {
		return []Setting{{Path: p.folder, Program: programOf(wanted.Devices)}}, nil
	}
	return follow(k, p, allowed(k, wanted, k.holds(p.above()))), nil
}

// ruled is what a group of version 1 may use.
type ruled struct {
	rules []rule
	// open is a group that was never restricted. It has to be closed before it can have rules.
	open bool
}

// holds is everything for a group that is not there, or where there are no rules.
func (k deviceRules) holds(p place) ruled {
	data, err := os.ReadFile(p.path("devices.list"))
	texts := strings.FieldsFunc(string(data), func(r rune) bool { return r == '\n' })
	open := err != nil || slices.Contains(texts, everything)
	if open {
		texts = []string{everything}
	}
	return ruled{merged(texts), open}
}

func (k deviceRules) asks(r *api.GroupResources) (ruled, bool) {
	return ruled{rules: merged(r.Devices)}, k.isSet(r)
}

func (k deviceRules) inherits(above ruled) ruled { return ruled{rules: above.rules} }

func (k deviceRules) within(asked, above ruled) ruled {
	var all []rule
	for _, one := range asked.rules {
		for _, other := range above.rules {
			if met, ok := meet(one, other); ok {
				all = append(all, met)
			}
		}
	}
	return ruled{rules: sorted(all)}
}

func (k deviceRules) both(one, other ruled) ruled {
	return ruled{sorted(slices.Concat(one.rules, other.rules)), one.open}
}

func (k deviceRules) same(one, other ruled) bool {
	return slices.Equal(telling(one.rules), telling(other.rules))
}

func (k deviceRules) change(p place, from, to ruled) []Setting {
	var all []Setting
	write := func(name string, rules ...string) {
		for _, rule := range rules {
			all = append(all, Setting{Path: p.path(name), Value: rule})
		}
	}
	if from.open && !to.open && !k.same(from, to) {
		write("devices.deny", "a")
		from.rules = nil
	}
	write("devices.allow", missing(to.rules, from.rules)...)
	write("devices.deny", excess(from.rules, to.rules)...)
	return all
}

// close gives a new group of version 1 that may use everything rules that say so. One without rules can get none once
// there are groups in it (css_has_online_children in security/device_cgroup.c).
func (k deviceRules) close(p place) error {
	if !k.holds(p).open {
		return nil
	}
	for _, s := range k.change(p, ruled{open: true}, ruled{rules: merged([]string{everything})}) {
		if err := s.write(); err != nil {
			return fmt.Errorf("give a new control group rules of devices: %w", err)
		}
	}
	return nil
}

func (k deviceRules) read(p place, wanted, found *api.GroupResources) error {
	if p.version == 2 {
		same, err := hasProgram(p.folder, programOf(wanted.Devices))
		if same {
			found.Devices = wanted.Devices
		}
		return err
	}
	if _, err := os.Lstat(p.path("devices.list")); err != nil {
		return err
	}
	held, asked := k.holds(p), ruled{rules: merged(wanted.Devices)}
	if k.same(held, k.within(asked, k.holds(p.above()))) {
		found.Devices = wanted.Devices
	} else {
		found.Devices = written(held.rules)
	}
	return nil
}

func (k deviceRules) missing(p place, _ *api.GroupResources) error {
	if p.version == 1 {
		return absent(p.path("devices.list"), "devices.list", "")
	}
	_, err := loadProgram(programOf(nil))
	if err != nil {
		return fmt.Errorf("the kernel takes no program that decides on devices: %w", err)
	}
	return nil
}

// rule is one that was read.
type rule struct {
	kind         byte
	major, minor int64 // -1 for any
	access       uint32
}

var ruleForm = regexp.MustCompile(`^([abc]) (\*|\d+):(\*|\d+) (r?w?m?)$`)

// parseRule reads a rule; the access is in the order r, w, m.
func parseRule(text string) (rule, error) {
	words := ruleForm.FindStringSubmatch(text)
	if words == nil || words[4] == "" {
		return rule{}, fmt.Errorf("a device rule is like \"c 1:3 rwm\": a, b or c, major and minor number or *, and some of r, w and m; got %q", text)
	}
	r := rule{kind: words[1][0], major: numberOrAny(words[2]), minor: numberOrAny(words[3])}
	for _, number := range words[2:4] {
		if _, err := strconv.ParseUint(number, 10, 31); number != "*" && err != nil {
			return rule{}, fmt.Errorf("a device has no number %s", number)
		}
	}
	for _, letter := range words[4] {
		r.access |= map[rune]uint32{'r': unix.BPF_DEVCG_ACC_READ, 'w': unix.BPF_DEVCG_ACC_WRITE, 'm': unix.BPF_DEVCG_ACC_MKNOD}[letter]
	}
	return r, nil
}

func numberOrAny(text string) int64 {
	value, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return -1
	}
	return value
}
