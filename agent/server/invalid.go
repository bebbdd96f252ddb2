package server

import (
	"fmt"
	"strings"

	"pulumi-slipway/agent/api"
)

// failure is one thing a request says that it may not: where, which rule, and what was there instead.
type failure struct {
	path, rule string
	value      any
}

// failures collects every failure of one request, because a person wants to mend them all at once.
type failures []failure

// must records a failure unless the rule is kept.
func (f *failures) must(kept bool, path, rule string, value any) {
	if !kept {
		*f = append(*f, failure{path, rule, value})
	}
}

// problem is nil where there are no failures.
func (f failures) problem() error {
	if len(f) == 0 {
		return nil
	}
	sentences := make([]string, len(f))
	for i, one := range f {
		value := fmt.Sprintf("%#v", one.value)
		if len(value) > 100 {
			value = value[:100] + "…"
		}
		sentences[i] = fmt.Sprintf("`%s` %s, got %s", one.path, one.rule, value)
	}
	return &api.Problem{Code: api.CodeInvalid, Detail: strings.Join(sentences, "; "), Object: f[0].path}
}
