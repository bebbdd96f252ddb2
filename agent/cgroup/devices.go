package cgroup

import (
	"errors"
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

// everything is the rule of a group that was never restricted.
const everything = "a *:* rwm"

// settings of version 1 go from the rules there are to those that are wanted. Everything at once can be refused only
// while the group has no groups in it.
func (k deviceRules) settings(p place, wanted *api.GroupResources) ([]Setting, error) {
	if p.version == 2 {
		return []Setting{{Path: p.folder, Program: programOf(wanted.Devices)}}, nil
	}
	rules := canonical(wanted.Devices)
	held, err := k.held(p)
	if err != nil {
		return nil, err
	}
	if len(rules) == 0 {
		rules = []string{everything}
	}
	var all []Setting
	if slices.Contains(rules, everything) {
		if !slices.Contains(held, everything) {
			all = append(all, Setting{Path: p.path("devices.allow"), Value: "a"})
		}
		return all, nil
	}
	if slices.Contains(held, everything) {
		// Where a group is in this one, the kernel refuses that.
		all, held = append(all, Setting{Path: p.path("devices.deny"), Value: "a"}), nil
	}
	before := canonical(held)
	below := heirs(p, func(other place) bool {
		rules, err := k.held(other)
		return err == nil && slices.Equal(canonical(rules), before)
	})
	// The kernel passes on to them what is refused, but not what is allowed.
	for _, one := range append([]place{p}, below...) {
		for _, rule := range without(rules, held) {
			all = append(all, Setting{Path: one.path("devices.allow"), Value: rule})
		}
	}
	for _, rule := range without(held, rules) {
		all = append(all, Setting{Path: p.path("devices.deny"), Value: rule})
	}
	return all, nil
}

func (k deviceRules) read(p place, wanted, found *api.GroupResources) error {
	if p.version == 2 {
		same, err := hasProgram(p.folder, programOf(wanted.Devices))
		if same {
			found.Devices = wanted.Devices
		}
		return err
	}
	held, err := k.held(p)
	if err != nil {
		return err
	}
	found.Devices = held
	if slices.Equal(canonical(held), canonical(wanted.Devices)) {
		found.Devices = wanted.Devices
	}
	return nil
}

// held are the rules of a group of version 1. One that is not there yet gets those of its parent.
func (k deviceRules) held(p place) ([]string, error) {
	data, err := os.ReadFile(p.path("devices.list"))
	if errors.Is(err, os.ErrNotExist) {
		return []string{everything}, nil
	}
	if err != nil {
		return nil, err
	}
	return strings.FieldsFunc(string(data), func(r rune) bool { return r == '\n' }), nil
}

func (k deviceRules) missing(p place) error {
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
