package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"pulumi-slipway/agent/api"
)

// largestText bounds an error's body and a token; both are a few hundred bytes to a few thousand.
const largestText = 64 << 10

// transient is a failure that may pass by itself, after a time if the registry gave one.
type transient struct {
	*api.Problem
	after time.Duration
}

// Unwrap makes it the problem it is once nobody tries any more.
func (t *transient) Unwrap() error { return t.Problem }

func passing(problem *api.Problem, after time.Duration) error { return &transient{problem, after} }

// longestWait is how long a registry may ask for patience; beyond that the person decides.
const longestWait = 30 * time.Second

// persist repeats a step while its failures may pass. One that got something done counts as a first try.
func (r *Repository) persist(ctx context.Context, step func() (progress bool, err error)) error {
	for tries := 1; ; tries++ {
		progress, err := step()
		again := (*transient)(nil)
		if !errors.As(err, &again) {
			return err
		}
		if progress {
			tries = 1
		}
		if tries == r.tries || again.after > longestWait {
			return again.Problem
		}
		select {
		case <-time.After(max(again.after, r.pause<<(tries-1))):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// refusal makes a problem of an answer that is no yes.
func (r *Repository) refusal(response *http.Response, path string) error {
	problem := &api.Problem{Step: "ask for " + path, Object: r.String()}
	said := saying(response)
	if response.Request.URL.Host != r.place.Address {
		said = fmt.Sprintf(" (from %s, which it names)%s", quoted(response.Request.URL.Host), said)
	}
	status := response.StatusCode
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		problem.Code, problem.Detail = api.CodeRegistryRefused, r.denied(said)
	case status == http.StatusNotFound:
		problem.Code = api.CodeImageNotFound
		problem.Detail = fmt.Sprintf("the registry %s has no %s of %s%s", r.place.Address, path, r.place.Repository, said)
	case status == http.StatusTooManyRequests:
		after := retryAfter(response.Header.Get("Retry-After"))
		problem.Code = api.CodeRegistryLimited
		problem.Detail = fmt.Sprintf("the registry %s takes no more requests %s%s; anonymous ones are often limited more than those with "+
			"`credentials`, and a mirror is not limited", r.place.Address, whenAgain(after), said)
		return passing(problem, after)
	case status >= 500:
		problem.Code = api.CodeRegistryUnreachable
		problem.Detail = fmt.Sprintf("the registry %s fails with status %d%s", r.place.Address, status, said)
		return passing(problem, retryAfter(response.Header.Get("Retry-After")))
	default:
		problem.Code = api.CodeRegistryRefused
		problem.Detail = fmt.Sprintf("the registry %s answers with status %d%s", r.place.Address, status, said)
	}
	return problem
}

func (r *Repository) denied(said string) string {
	if r.place.Credentials == nil {
		return fmt.Sprintf("the registry %s gives %s to nobody without credentials, or does not have it%s",
			r.place.Address, r.place.Repository, said)
	}
	return fmt.Sprintf("the registry %s refuses %s with the credentials given, or does not have it%s",
		r.place.Address, r.place.Repository, said)
}

func (r *Repository) invalid(step, what string) error {
	return &api.Problem{Code: api.CodeImageInvalid, Step: step, Object: r.String(), Detail: fmt.Sprintf("%s: %s", r, what)}
}

// saying is what an error's body says, by the specification's form or as text, ready to stand behind a sentence.
func saying(response *http.Response) string {
	body, _ := io.ReadAll(io.LimitReader(response.Body, largestText))
	var known struct {
		Errors []struct{ Code, Message string }
	}
	text := string(body)
	if json.Unmarshal(body, &known) == nil && len(known.Errors) > 0 {
		text = strings.TrimSpace(known.Errors[0].Code + " " + known.Errors[0].Message)
	}
	if text = printable(text); text == "" || strings.HasPrefix(text, "<") {
		return ""
	}
	return ": " + text
}

// printable takes control characters out of what a stranger wrote, and most of a long text.
func printable(text string) string {
	text = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "�"), func(c rune) bool {
		return unicode.IsSpace(c) || !unicode.IsPrint(c)
	}), " ")
	if runes := []rune(text); len(runes) > 200 {
		return string(runes[:200]) + "…"
	}
	return text
}

func quoted(text string) string { return strconv.Quote(printable(text)) }

// retryAfter reads the header of that name; 0 where there is none.
func retryAfter(header string) time.Duration {
	if seconds, err := strconv.Atoi(strings.TrimSpace(header)); err == nil && seconds >= 0 {
		return time.Duration(min(seconds, 7*24*3600)) * time.Second
	}
	if when, err := http.ParseTime(header); err == nil {
		return max(0, time.Until(when).Round(time.Second))
	}
	return 0
}

func whenAgain(after time.Duration) string {
	if after == 0 {
		return "for now"
	}
	return "for " + after.String()
}
