package registry

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"pulumi-slipway/agent/api"
)

// get asks the registry for a path below the repository. It logs in where the registry wants that, and follows
// redirects. The answer has a status below 300.
func (r *Repository) get(ctx context.Context, path string, header http.Header) (*http.Response, error) {
	base, err := r.address(ctx)
	if err != nil {
		return nil, err
	}
	target := base + r.url(path)
	response, err := r.send(ctx, target, header, r.known())
	if err != nil {
		return nil, err
	}
	if response.StatusCode == http.StatusUnauthorized {
		// The challenge is the registry's own: this is its address, and nothing was followed.
		challenges := response.Header.Values("WWW-Authenticate")
		discard(response)
		authorization, err := r.logIn(ctx, base, challenges)
		if err != nil {
			return nil, err
		}
		if response, err = r.send(ctx, target, header, authorization); err != nil {
			return nil, err
		}
	}
	if response, err = r.follow(ctx, response, header); err != nil {
		return nil, err
	}
	if response.StatusCode >= 300 {
		defer discard(response)
		return nil, r.refusal(response, path)
	}
	return response, nil
}

// mostRedirects is enough for every registry; content networks need one or two.
const mostRedirects = 5

// follow goes where the registry keeps its bytes. What it is for is told by the URL, which is signed: neither
// credentials nor cookies are sent along, and a challenge of that place is not answered. It may not lead out of TLS.
func (r *Repository) follow(ctx context.Context, response *http.Response, header http.Header) (*http.Response, error) {
	for range mostRedirects {
		if response.StatusCode < 300 || response.StatusCode >= 400 || response.StatusCode == http.StatusNotModified {
			return response, nil
		}
		from := response.Request.URL
		location, err := response.Location()
		discard(response)
		if err != nil {
			return nil, r.invalid("follow a redirect", "it redirects, and does not say where to")
		}
		if location.Scheme != "https" && (location.Scheme != "http" || from.Scheme != "http") {
			return nil, r.invalid("follow a redirect", fmt.Sprintf("it redirects from %s to %s, which is not protected by TLS",
				from.Scheme, quoted(location.Scheme+"://"+location.Host)))
		}
		location.User, location.Fragment = nil, ""
		authorization := ""
		if location.Scheme == from.Scheme && location.Host == from.Host && r.isOwn(location) {
			authorization = r.known()
		}
		if response, err = r.send(ctx, location.String(), header, authorization); err != nil {
			return nil, err
		}
	}
	discard(response)
	return nil, r.invalid("follow a redirect", fmt.Sprintf("it redirects more than %d times", mostRedirects))
}

// isOwn tells whether a URL is of the registry itself.
func (r *Repository) isOwn(target *url.URL) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return target.Scheme+"://"+target.Host == r.base
}

func (r *Repository) send(ctx context.Context, target string, header http.Header, authorization string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, r.invalid("make a request", "the URL cannot be read")
	}
	for name, values := range header {
		request.Header[name] = values
	}
	request.Header.Set("User-Agent", "slipway")
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	response, err := r.client.Do(request)
	if err != nil {
		return nil, r.unreachable(ctx, err)
	}
	return response, nil
}

// address finds out once whether the registry speaks TLS. Where it has to, nothing is asked.
func (r *Repository) address(ctx context.Context) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.base != "" {
		return r.base, nil
	}
	base := "https://" + r.place.Address
	if r.place.Insecure {
		response, err := r.send(ctx, base+"/v2/", nil, "")
		if err != nil {
			if response, err = r.send(ctx, "http://"+r.place.Address+"/v2/", nil, ""); err != nil {
				return "", err
			}
			base = "http://" + r.place.Address
		}
		discard(response)
	}
	r.base = base
	return base, nil
}

// unreachable says why there is no answer. What the caller called off is no failure of the registry's.
func (r *Repository) unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	// net/http puts the URL in front, which may be signed for whoever has it.
	if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	var (
		authority  x509.UnknownAuthorityError
		name       x509.HostnameError
		invalid    x509.CertificateInvalidError
		unverified *tls.CertificateVerificationError
	)
	untrusted := errors.As(err, &authority) || errors.As(err, &name) || errors.As(err, &invalid) || errors.As(err, &unverified)
	switch {
	case untrusted:
		return &api.Problem{Code: api.CodeRegistryUntrusted, Step: "connect", Object: r.place.Address,
			Detail: fmt.Sprintf("the registry %s cannot be trusted: %v; give the certificate of whoever signed its own as `ca`, or set "+
				"`insecure: true` if nobody can get in between", r.place.Address, printable(err.Error()))}
	case errors.Is(err, http.ErrSchemeMismatch):
		return &api.Problem{Code: api.CodeRegistryUntrusted, Step: "connect", Object: r.place.Address,
			Detail: fmt.Sprintf("the registry %s does not speak TLS; set `insecure: true` if nobody can get in between", r.place.Address)}
	}
	return passing(&api.Problem{Code: api.CodeRegistryUnreachable, Step: "connect", Object: r.place.Address,
		Detail: fmt.Sprintf("the registry %s cannot be reached from the host: %v; the host itself pulls, so its network, resolver "+
			"and proxy count", r.place.Address, printable(err.Error()))}, 0)
}

// discard lets a connection be used again, if what is left of the answer is short.
func discard(response *http.Response) {
	_, _ = io.CopyN(io.Discard, response.Body, largestText)
	response.Body.Close()
}
