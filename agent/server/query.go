package server

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// query reads the parameters behind the question mark, and collects what is wrong with any of them. A route takes each of
// those it knows and then asks for the problem, which also names the ones it did not take: a misspelt parameter would
// otherwise mean that nothing was asked for.
type query struct {
	failures
	left url.Values
}

func askedOf(r *http.Request) *query { return &query{left: r.URL.Query()} }

func (q *query) take(name string) string {
	value := q.left.Get(name)
	q.must(len(q.left[name]) < 2, name, "must be there once", q.left[name])
	delete(q.left, name)
	return value
}

// truth is a parameter that is "true", "false" or absent.
func (q *query) truth(name string) bool {
	value := q.take(name)
	q.must(value == "" || value == "true" || value == "false", name, "must be true or false", value)
	return value == "true"
}

// number is a whole number within bounds; one that is absent is as given.
func (q *query) number(name string, absent, least, most int) int {
	text := q.take(name)
	if text == "" {
		return absent
	}
	value, err := strconv.Atoi(text)
	q.must(err == nil && value >= least && value <= most, name, fmt.Sprintf("must be a whole number from %d to %d", least, most), text)
	return value
}

func (q *query) problem() error {
	for _, name := range sortedKeys(q.left) {
		q.must(false, name, "is no parameter of this request", q.left.Get(name))
	}
	return q.failures.problem()
}
