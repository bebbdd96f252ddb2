package registry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// deepest is how far values may lie in one another; the specification's documents need four.
const deepest = 32

// unambiguous refuses JSON that readers understand differently: an object with a name twice, or twice but for its case,
// which encoding/json takes for one name; and more than one value.
func unambiguous(data []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	if err := plain(decoder, folded, 0); err != nil {
		return err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return errors.New("more follows after its end")
	}
	return nil
}

// plain reads one value; same answers what two names have in common that are taken for one.
func plain(decoder *json.Decoder, same func(string) string, depth int) error {
	token, err := decoder.Token()
	if err != nil {
		return errors.New(printable(err.Error()))
	}
	open, is := token.(json.Delim)
	if !is {
		return nil
	}
	if depth == deepest {
		return errors.New("its values lie too deep in one another")
	}
	seen := map[string]bool{}
	for decoder.More() {
		below := same
		if open == '{' {
			token, err := decoder.Token()
			if err != nil {
				return errors.New(printable(err.Error()))
			}
			name := fmt.Sprint(token)
			if seen[same(name)] {
				return fmt.Errorf("it has %s twice", quoted(name))
			}
			seen[same(name)] = true
			if name == "Labels" || name == "annotations" {
				below = strings.Clone // their names are people's own
			}
		}
		if err := plain(decoder, below, depth+1); err != nil {
			return err
		}
	}
	if _, err = decoder.Token(); err != nil { // the closing one
		return errors.New(printable(err.Error()))
	}
	return nil
}

// folded is a name as encoding/json compares it to those of fields.
func folded(name string) string {
	return strings.Map(func(r rune) rune {
		for {
			next := unicode.SimpleFold(r)
			if next <= r {
				return next
			}
			r = next
		}
	}, name)
}
