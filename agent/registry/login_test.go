package registry

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"pulumi-slipway/agent/api"
)

func TestChallengesAreRead(t *testing.T) {
	for text, want := range map[string][]challenge{
		`Basic realm="x"`: {{"basic", map[string]string{"realm": "x"}}},
		`Bearer realm="https://a/t",scope="repository:a/b:pull,push", service=r`: {{"bearer",
			map[string]string{"realm": "https://a/t", "scope": "repository:a/b:pull,push", "service": "r"}}},
		`Negotiate, Basic realm = "a\"b", Bearer realm=c`: {{"negotiate", map[string]string{}},
			{"basic", map[string]string{"realm": `a"b`}}, {"bearer", map[string]string{"realm": "c"}}},
		`Bearer realm="never closed`: {{"bearer", map[string]string{"realm": "never closed"}}},
		`="`:                         nil,
		`Bearer realm="x\`:           {{"bearer", map[string]string{"realm": "x"}}},
		``:                           nil,
	} {
		if got := parseChallenges([]string{text}); !reflect.DeepEqual(got, want) {
			t.Errorf("%s is read as %+v", text, got)
		}
	}
}

const password = "s3cret-of-the-test"

func withPassword(pull *api.Pull) {
	pull.Places[len(pull.Places)-1].Credentials = &api.RegistryCredentials{Username: "user", Password: password}
}

// guarded has a shelf ask for a login at everything that is on it.
func (s *shelf) guarded(challenge, authorization string) {
	for path, handler := range s.on {
		s.on[path] = func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != authorization {
				w.Header().Set("WWW-Authenticate", challenge)
				w.WriteHeader(401)
				return
			}
			handler(w, r)
		}
	}
}

func TestLogins(t *testing.T) {
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("user:"+password))
	t.Run("with name and password", func(t *testing.T) {
		s := newShelf(t, httptest.NewTLSServer)
		s.image(nil)
		s.guarded(`Basic realm="x"`, basic)
		if _, err := sources(t, withPassword, s).Find(t.Context(), ""); err != nil {
			t.Error(err)
		}
		_, err := sources(t, nil, s).Find(t.Context(), "")
		wantProblem(t, err, api.CodeRegistryRefused, "without credentials")
		_, err = sources(t, func(pull *api.Pull) {
			withPassword(pull)
			pull.Places[0].Credentials.Password = "wrong-" + password
		}, s).Find(t.Context(), "")
		wantProblem(t, err, api.CodeRegistryRefused, "with the credentials given")
		if strings.Contains(err.Error(), password) {
			t.Errorf("the password is in %v", err)
		}
	})
	for name, given := range map[string]*api.RegistryCredentials{
		"by a token, with a password":           {Username: "user", Password: password},
		"by a token, with an identity token":    {IdentityToken: password},
		"by a token for whoever comes, without": nil,
	} {
		t.Run(name, func(t *testing.T) {
			s := newShelf(t, httptest.NewTLSServer)
			s.image(nil)
			s.guarded(fmt.Sprintf(`Bearer realm="%s/token",service="here",scope="repository:app:pull"`, s.URL), "Bearer good")
			s.on["/token"] = func(w http.ResponseWriter, r *http.Request) {
				_ = r.ParseForm()
				right := r.Form.Get("service") == "here" && r.Form.Get("scope") == "repository:app:pull"
				switch {
				case given == nil:
					right = right && r.Header.Get("Authorization") == ""
				case given.IdentityToken != "":
					right = right && r.Method == "POST" && r.PostForm.Get("refresh_token") == password && r.URL.RawQuery == ""
				default:
					right = right && r.Header.Get("Authorization") == basic
				}
				if !right {
					w.WriteHeader(401)
					return
				}
				fmt.Fprint(w, `{"access_token":"good"}`)
			}
			if _, err := sources(t, func(pull *api.Pull) { pull.Places[0].Credentials = given }, s).Find(t.Context(), ""); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestCredentialsStayWhereTheyBelong has a registry that is trusted with credentials lead them elsewhere.
func TestCredentialsStayWhereTheyBelong(t *testing.T) {
	for name, c := range map[string]struct {
		start func(http.Handler) *httptest.Server
		// lead makes the shelf lead to the thief.
		lead func(s, thief *shelf)
		code api.Code
		says string
		// asks tells that the thief may be asked, though without credentials.
		asks bool
	}{
		"by a redirect": {httptest.NewTLSServer, func(s, thief *shelf) {
			s.on["manifests/latest"] = status(307, "Location", thief.URL+"/v2/app/elsewhere")
			thief.on["elsewhere"] = status(401, "WWW-Authenticate", `Basic realm="me"`)
		}, api.CodeRegistryRefused, "which it names", true},
		"by a redirect after the login": {httptest.NewTLSServer, func(s, thief *shelf) {
			s.on["manifests/latest"] = status(307, "Location", thief.URL+"/v2/app/elsewhere")
			s.guarded(`Basic realm="x"`, "Basic "+base64.StdEncoding.EncodeToString([]byte("user:"+password)))
		}, api.CodeImageNotFound, "which it names", true},
		"by a redirect with a name in it": {httptest.NewTLSServer, func(s, thief *shelf) {
			s.on["manifests/latest"] = status(307, "Location", strings.Replace(thief.URL, "//", "//me:me@", 1)+"/v2/app/elsewhere")
		}, api.CodeImageNotFound, "which it names", true},
		"out of TLS": {httptest.NewTLSServer, func(s, thief *shelf) {
			s.on["manifests/latest"] = status(307, "Location", strings.Replace(thief.URL, "https:", "http:", 1)+"/v2/app/elsewhere")
		}, api.CodeImageInvalid, "not protected by TLS", false},
		"by a token service without TLS": {httptest.NewTLSServer, func(s, thief *shelf) {
			s.guarded(`Bearer realm="http://169.254.169.254/latest/meta-data"`, "Bearer good")
		}, api.CodeImageInvalid, "not protected by TLS", false},
		"by a token service without TLS, from one without": {httptest.NewServer, func(s, thief *shelf) {
			s.guarded(fmt.Sprintf("Bearer realm=%q", strings.Replace(thief.URL, "https:", "http:", 1)+"/token"), "Bearer good")
		}, api.CodeImageInvalid, "not protected by TLS", false},
		"as what is no token": {httptest.NewTLSServer, func(s, thief *shelf) {
			s.guarded(fmt.Sprintf(`Bearer realm="%s/token"`, s.URL), "Bearer good")
			s.on["/token"] = serve("application/json", []byte(`{"Token":"of somebody else"}`))
		}, api.CodeImageInvalid, "no token", false},
	} {
		t.Run(name, func(t *testing.T) {
			s, thief := newShelf(t, c.start), newShelf(t, httptest.NewTLSServer)
			s.image(nil)
			c.lead(s, thief)
			// Both are known to the client, so nothing but the rules keeps it.
			_, err := sources(t, withPassword, s).Find(t.Context(), "")
			wantProblem(t, err, c.code, c.says)
			for _, request := range thief.requests("/") {
				if !c.asks || request.Header.Get("Authorization") != "" || strings.Contains(request.URL.String(), password) {
					t.Errorf("the thief was asked for %s with %v", request.URL, request.Header)
				}
			}
			if c.asks && len(thief.requests("/")) == 0 {
				t.Error("the redirect was not followed")
			}
			for _, request := range s.requests("/") {
				if strings.Contains(request.Header.Get("Authorization"), "somebody") {
					t.Error("the registry was given somebody's answer")
				}
			}
		})
	}
}

func TestRegistriesThatAreNotTrusted(t *testing.T) {
	s := newShelf(t, httptest.NewTLSServer)
	s.image(nil)
	_, err := sources(t, func(pull *api.Pull) { pull.Places[0].CA = "" }, s).Find(t.Context(), "")
	wantProblem(t, err, api.CodeRegistryUntrusted, "`ca`")
	if _, err := sources(t, func(pull *api.Pull) { pull.Places[0].CA, pull.Places[0].Insecure = "", true }, s).Find(t.Context(), ""); err != nil {
		t.Errorf("insecure: %v", err)
	}
	plain := newShelf(t, httptest.NewServer)
	plain.image(nil)
	_, err = sources(t, func(pull *api.Pull) { pull.Places[0].Insecure = false }, plain).Find(t.Context(), "")
	wantProblem(t, err, api.CodeRegistryUntrusted, "does not speak TLS")
	if _, err := Open(api.Pull{Places: []api.RegistryPlace{{Address: "a", CA: "no PEM"}}}); err == nil {
		t.Error("what is no certificate was taken for one")
	}
	gone := newShelf(t, httptest.NewServer)
	gone.Close()
	_, err = sources(t, nil, gone).Find(t.Context(), "")
	wantProblem(t, err, api.CodeRegistryUnreachable, "from the host")
}
