package server

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"pulumi-slipway/agent/api"
)

// decodeStrictly reads one JSON value into a pointer to a contract type. Unlike encoding/json it refuses fields
// the type does not have, names that differ in case, and null, and it tells the path of every failure.
func decodeStrictly(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return &api.Problem{Code: api.CodeInvalid, Detail: "the body is not JSON: " + err.Error()}
	}
	if decoder.Decode(new(any)) != io.EOF {
		return &api.Problem{Code: api.CodeInvalid, Detail: "the body is more than one JSON value"}
	}
	var found failures
	found.compare(value, reflect.TypeOf(into).Elem(), "")
	if len(found) > 0 {
		return found.problem()
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("read the body: %w", err)
	}
	return nil
}

// compare records where a decoded JSON value does not fit a Go type.
func (f *failures) compare(value any, want reflect.Type, path string) {
	switch want.Kind() {
	case reflect.Pointer:
		f.compare(value, want.Elem(), path)
	case reflect.Struct:
		object, is := value.(map[string]any)
		f.must(is, path, "must be an object", value)
		fields := fieldsOf(want)
		for _, name := range sortedKeys(object) {
			if field, known := fields[name]; known {
				f.compare(object[name], field, join(path, name))
			} else {
				f.must(false, join(path, name), "is not a field of the contract", object[name])
			}
		}
	case reflect.Map:
		object, is := value.(map[string]any)
		f.must(is, path, "must be an object", value)
		for _, name := range sortedKeys(object) {
			f.compare(object[name], want.Elem(), join(path, name))
		}
	case reflect.Slice:
		list, is := value.([]any)
		f.must(is, path, "must be a list", value)
		for i, element := range list {
			f.compare(element, want.Elem(), path+"["+strconv.Itoa(i)+"]")
		}
	case reflect.String:
		_, is := value.(string)
		f.must(is, path, "must be a string", value)
	case reflect.Bool:
		_, is := value.(bool)
		f.must(is, path, "must be true or false", value)
	case reflect.Int, reflect.Int64:
		number, is := value.(json.Number)
		_, err := strconv.ParseInt(string(number), 10, 64)
		f.must(is && err == nil, path, "must be a whole number", value)
	default:
		panic(fmt.Sprintf("the contract has a field of the unexpected type %s at %s", want, path))
	}
}

// fieldsOf lists a struct's fields by their JSON names, those of embedded structs included.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for _, field := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" {
			fields[name] = field.Type
		}
	}
	return fields
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func sortedKeys[V any](object map[string]V) []string {
	keys := make([]string, 0, len(object))
	for key := range object {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
