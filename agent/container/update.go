package container

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/store"
)

// fixed is what of a request cannot change while a container is the same. The owner of an image may, when its resource
// gets another name: the content key says whether it is another one. Groups are compared by where they are.
func fixed(r api.ContainerRequest) api.ContainerRequest {
	r.Owner, r.Image.Owner, r.Labels = "", "", nil
	r.Cgroup, r.Resources = nil, nil
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

// changeInPlace gives a running container the resources of the request, whoever changed them, and records the request.
func (a *attempt) changeInPlace(known record, made plan) error {
	before, wanted := resourcesOf(known.Request), resourcesOf(a.request)
	held, err := a.place.group.Read(wanted)
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(before, wanted) || !reflect.DeepEqual(held, wanted) {
		if err := a.place.group.Change(before, wanted); err != nil {
			return err
		}
	}
	return a.keep(known, made)
}

// keep records a changed request, and the recipe for the next start that follows from it.
func (a *attempt) keep(known record, made plan) error {
	if !changed(known.Request, a.request) {
		return nil
	}
	if err := a.store.WriteFile(a.place.file(recipeName), made.recipe, false); err != nil {
		return err
	}
	return a.store.WriteRecord(a.place.file(store.RecordName), made.record)
}
