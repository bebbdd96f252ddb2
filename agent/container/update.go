package container

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/cgroup"
	"pulumi-slipway/agent/store"
)

// fixed is what of a request cannot change while a container is the same. The owner of an image may, when its resource
// gets another name: the content key says whether it is another one. Groups are compared by where they are.
func fixed(r api.ContainerRequest) api.ContainerRequest {
	r.Owner, r.Image.Owner, r.Labels = "", "", nil
	r.Cgroup, r.Resources, r.Paused = nil, nil, false
	r.StopSignal, r.StopTimeoutMs = "", nil
	return r
}

// sameContainer refuses a request that would need another container.
func sameContainer(before, after api.ContainerRequest) error {
	var was, is map[string]json.RawMessage
	for request, into := range map[*api.ContainerRequest]*map[string]json.RawMessage{&before: &was, &after: &is} {
		data, err := json.Marshal(fixed(*request))
		if err == nil {
			err = json.Unmarshal(data, into)
		}
		if err != nil {
			return fmt.Errorf("compare requests: %w", err)
		}
	}
	var different []string
	for name := range is {
		if !bytes.Equal(was[name], is[name]) {
			different = append(different, name)
		}
	}
	for name := range was {
		if is[name] == nil {
			different = append(different, name)
		}
	}
	if len(different) == 0 {
		return nil
	}
	slices.Sort(different)
	return unchangeable(different...)
}

func unchangeable(names ...string) error {
	return &api.Problem{Code: api.CodeInvalid, Object: names[0],
		Detail: fmt.Sprintf("`%s` cannot change in a container that exists; that takes a new incarnation", strings.Join(names, "`, `"))}
}

// changed tells whether anything of a request that stands in the record is different. The owner stands on the slot.
func changed(before, after api.ContainerRequest) bool {
	before.Owner, after.Owner = "", ""
	was, _ := json.Marshal(before)
	is, _ := json.Marshal(after)
	return !bytes.Equal(was, is)
}

// changeInPlace gives a running container the resources of the request, whoever changed them, lets it go on unless the
// request says otherwise, and records that.
func (a *attempt) changeInPlace(known record, made plan) error {
	before, wanted := resourcesOf(known.Request), resourcesOf(a.request)
	held, err := a.place.group.Read(wanted)
	if err != nil {
		return err
	}
	if len(known.Touched) > 0 || !reflect.DeepEqual(before, wanted) || !reflect.DeepEqual(held, wanted) {
		if err := a.changeLimits(a.place, known, before, wanted); err != nil {
			return err
		}
	}
	if !a.request.Paused {
		if err := a.place.group.Unpause(); err != nil {
			return err
		}
	}
	made.record.Touched = nil
	return a.keep(known, made)
}

// changeLimits notes in the record which limits are about to become others, so that whoever finds it after a crash knows
// what the container may have.
func (c *Containers) changeLimits(p place, known record, before, wanted *api.GroupResources) error {
	note := func(touched []string) error {
		known.Touched = touched
		return c.store.NoteRecord(p.file(store.RecordName), known)
	}
	besides := known.Touched
	differ := len(besides) > 0 || !reflect.DeepEqual(before, wanted)
	if differ {
		if err := note(cgroup.Names(besides, before, wanted)); err != nil {
			return err
		}
	}
	left, err := p.group.Change(besides, before, wanted)
	if err != nil && differ {
		err = errors.Join(err, note(left))
	}
	return err
}

// keep records a changed request, and the recipe for the next start that follows from it.
func (a *attempt) keep(known record, made plan) error {
	if changed(known.Request, a.request) {
		if err := a.store.WriteFile(a.place.file(recipeName), made.recipe, false); err != nil {
			return err
		}
	} else if len(known.Touched) == 0 {
		return nil
	}
	return a.store.WriteRecord(a.place.file(store.RecordName), made.record)
}
