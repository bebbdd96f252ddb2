package registry

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"pulumi-slipway/agent/api"
)

// known is what the registry was last satisfied with, "" for nothing.
func (r *Repository) known() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.authorization
}

// logIn answers a challenge of the registry: with a token of the service it names, or with name and password.
func (r *Repository) logIn(ctx context.Context, base string, challenges []string) (string, error) {
	authorization, err := r.answer(ctx, base, parseChallenges(challenges))
	if err != nil {
		return "", err
	}
	r.mu.Lock()
	r.authorization = authorization
	r.mu.Unlock()
	return authorization, nil
}

func (r *Repository) answer(ctx context.Context, base string, challenges []challenge) (string, error) {
	for _, c := range challenges {
		if c.scheme == "bearer" && c.parameters["realm"] != "" {
			token, err := r.token(ctx, base, c)
			return "Bearer " + token, err
		}
	}
	for _, c := range challenges {
		if c.scheme == "basic" {
			if basic := r.basic(); basic != "" {
				return basic, nil
			}
			return "", &api.Problem{Code: api.CodeRegistryRefused, Step: "log in", Object: r.String(), Detail: r.denied("")}
		}
	}
	return "", &api.Problem{Code: api.CodeRegistryRefused, Step: "log in", Object: r.String(),
		Detail: fmt.Sprintf("the registry %s wants a login, and names no way that is known (Basic, Bearer)", r.place.Address)}
}

// basic is name and password as HTTP sends them, "" where there are none.
func (r *Repository) basic() string {
	given := r.place.Credentials
	if given == nil || given.Password == "" {
		return ""
	}
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(given.Username+":"+given.Password))
}

// token gets a token from the service that the registry names. That service gets the credentials, so it has to be
// reached by TLS; without, it has to be the registry itself. Otherwise a registry could have this host read an address
// inside its network, such as a cloud's metadata, and hand over what is there as if it were a token.
func (r *Repository) token(ctx context.Context, base string, c challenge) (string, error) {
	realm, err := url.Parse(c.parameters["realm"])
	if err != nil || realm.Host == "" || realm.Scheme != "https" && realm.Scheme+"://"+realm.Host != base {
		return "", r.invalid("log in", fmt.Sprintf("the token service it names, %s, is not protected by TLS", quoted(c.parameters["realm"])))
	}
	realm.User, realm.Fragment = nil, ""
	request, err := r.tokenRequest(ctx, realm, c)
	if err != nil {
		return "", r.invalid("log in", "the token service it names cannot be asked")
	}
	response, err := r.client.Do(request)
	if err != nil {
		return "", r.unreachable(ctx, err)
	}
	defer discard(response)
	if response.StatusCode != http.StatusOK {
		return "", r.refusal(response, "a token")
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, largestText))
	if err != nil {
		return "", r.unreachable(ctx, err)
	}
	// By their exact names: encoding/json would take others that differ in case, as those of other services do.
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) == nil {
		for _, name := range []string{"token", "access_token"} {
			var token string
			if json.Unmarshal(members[name], &token) == nil && token != "" && !strings.ContainsAny(token, "\r\n\x00 ") {
				return token, nil
			}
		}
	}
	return "", r.invalid("log in", fmt.Sprintf("the token service %s answers with no token", quoted(realm.Host)))
}

func (r *Repository) tokenRequest(ctx context.Context, realm *url.URL, c challenge) (*http.Request, error) {
	asked := realm.Query()
	for _, name := range []string{"service", "scope"} {
		if value := c.parameters[name]; value != "" {
			asked.Set(name, value)
		}
	}
	if given := r.place.Credentials; given != nil && given.IdentityToken != "" {
		asked.Set("grant_type", "refresh_token")
		asked.Set("refresh_token", given.IdentityToken)
		asked.Set("client_id", "slipway")
		realm.RawQuery = ""
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, realm.String(), strings.NewReader(asked.Encode()))
		if err == nil {
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		return request, err
	}
	realm.RawQuery = asked.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, realm.String(), nil)
	if basic := r.basic(); err == nil && basic != "" {
		request.Header.Set("Authorization", basic)
	}
	return request, err
}
