package container

import (
	"fmt"
	"strconv"
	"strings"

	"pulumi-slipway/agent/api"
)

// largestID is the largest user or group number, as Docker has it. Numbers beyond 32 bits would wrap around to root
// (CVE-2024-40635).
const largestID = 1<<31 - 1

// accounts are the image's /etc/passwd and /etc/group.
type accounts struct{ passwd, group string }

// resolveUser finds who "name", "uid", "name:group" or "uid:gid" is. A number need not be in the image's files, a name
// must; "" is root. Without a group, the user gets the one of its entry and all that list its name.
func resolveUser(wanted string, known accounts) (user, error) {
	name, group, hasGroup := strings.Cut(wanted, ":")
	if name == "" {
		name = "0"
	}
	found := user{home: "/"}
	account, listed := findAccount(known.passwd, name)
	switch id, isNumber := parseID(name); {
	case listed:
		uid, okUser := parseID(account[2])
		gid, okGroup := parseID(account[3])
		if !okUser || !okGroup {
			return user{}, unknownUser(wanted, fmt.Sprintf("its entry for %q has no valid numbers", name))
		}
		found.uid, found.gid = uid, gid
		if account[5] != "" {
			found.home = account[5]
		}
	case isNumber:
		found.uid = id
	default:
		return user{}, unknownUser(wanted, fmt.Sprintf("there is no user %q", name))
	}
	switch {
	case hasGroup && group != "":
		gid, err := resolveGroup(wanted, group, known.group)
		if err != nil {
			return user{}, err
		}
		found.gid = gid
	case listed:
		found.groups = memberships(known.group, account[0])
	}
	return found, nil
}

// findAccount finds the entry of a name, or else of a number, as its seven fields.
func findAccount(passwd, name string) ([]string, bool) {
	for _, field := range []int{0, 2} {
		for line := range strings.Lines(passwd) {
			fields := strings.Split(strings.TrimSpace(line), ":")
			if len(fields) >= 7 && fields[field] == name {
				return fields, true
			}
		}
	}
	return nil, false
}

func resolveGroup(wanted, name, groups string) (uint32, error) {
	for _, field := range []int{0, 2} {
		for line := range strings.Lines(groups) {
			fields := strings.Split(strings.TrimSpace(line), ":")
			if len(fields) < 3 || fields[field] != name {
				continue
			}
			if gid, ok := parseID(fields[2]); ok {
				return gid, nil
			}
		}
	}
	if gid, ok := parseID(name); ok {
		return gid, nil
	}
	return 0, unknownUser(wanted, fmt.Sprintf("there is no group %q", name))
}

// memberships are the groups that list a user.
func memberships(groups, name string) []uint32 {
	var found []uint32
	for line := range strings.Lines(groups) {
		fields := strings.Split(strings.TrimSpace(line), ":")
		if len(fields) < 4 {
			continue
		}
		for _, member := range strings.Split(fields[3], ",") {
			if gid, ok := parseID(fields[2]); ok && member == name {
				found = append(found, gid)
				break
			}
		}
	}
	return found
}

func parseID(text string) (uint32, bool) {
	id, err := strconv.ParseUint(text, 10, 64)
	return uint32(id), err == nil && id <= largestID
}

func unknownUser(wanted, why string) error {
	return &api.Problem{Code: api.CodeUserUnknown, Step: "look up the user", Object: wanted,
		Detail: fmt.Sprintf("`user` %q is not in the image's /etc/passwd and /etc/group: %s; use a name the image has, or a number up to %d", wanted, why, largestID)}
}
