package registry

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"pulumi-slipway/agent/api"
)

// Repository is a repository on a registry. It is safe for use by several goroutines.
type Repository struct {
	place  api.RegistryPlace
	client *http.Client
	// silence is how long the registry may send nothing.
	silence time.Duration
	// tries is how often a step is tried whose failures may pass.
	tries int
	// pause is how long to wait before the second try; it doubles with each further one.
	pause time.Duration

	mu sync.Mutex
	// base is "https://address", or "http://…" where that is allowed and TLS is not spoken there.
	base string
	// authorization is what the registry was last satisfied with.
	authorization string
}

// largestHeader bounds what an answer says before its body; Go's default is 1 MiB.
const largestHeader = 64 << 10

// open prepares to talk to one place; nothing is sent yet.
func open(place api.RegistryPlace, proxy string) (*Repository, error) {
	trust := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: place.Insecure}
	if place.CA != "" {
		roots, err := x509.SystemCertPool()
		if err != nil {
			roots = x509.NewCertPool()
		}
		if !roots.AppendCertsFromPEM([]byte(place.CA)) {
			return nil, &api.Problem{Code: api.CodeInvalid, Step: "read the certificates", Object: place.Address,
				Detail: "`ca` holds no certificate in PEM (-----BEGIN CERTIFICATE-----)"}
		}
		trust.RootCAs = roots
	}
	transport := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 15 * time.Second}).DialContext,
		TLSClientConfig:        trust,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // digests are of the bytes as they are stored
		MaxResponseHeaderBytes: largestHeader,
		TLSHandshakeTimeout:    15 * time.Second,
		ResponseHeaderTimeout:  time.Minute,
		IdleConnTimeout:        time.Minute,
	}
	if proxy != "" {
		parsed, err := url.Parse(proxy)
		if err != nil || parsed.Host == "" {
			// The URL may hold a password, and so may what url.Parse says of it.
			return nil, &api.Problem{Code: api.CodeInvalid, Step: "read the proxy's address", Object: place.Address,
				Detail: "`proxy` must be a URL such as http://proxy.example:3128"}
		}
		transport.Proxy = http.ProxyURL(parsed)
	}
	return &Repository{
		place: place,
		client: &http.Client{
			Transport: transport,
			// Redirects are followed by follow, which keeps credentials from where they lead.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		silence: time.Minute,
		tries:   5,
		pause:   500 * time.Millisecond,
	}, nil
}

// close lets go of connections that wait for more to do.
func (r *Repository) close() { r.client.CloseIdleConnections() }

// String names the repository in sentences.
func (r *Repository) String() string { return r.place.Address + "/" + r.place.Repository }

func (r *Repository) url(path string) string {
	return fmt.Sprintf("/v2/%s/%s", r.place.Repository, path)
}
