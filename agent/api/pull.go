package api

// Pull says what image to get from a registry, and how. Credentials are used for this request and kept nowhere.
type Pull struct {
	// Reference is what the person wrote, for sentences only.
	Reference string `json:"reference"`
	// Tag or Digest is given, or both; then the digest counts.
	Tag    string `json:"tag,omitempty"`
	Digest string `json:"digest,omitempty"`
	// Platform is "os/architecture" or "os/architecture/variant", "" for this host's.
	Platform string `json:"platform,omitempty"`
	// Places are where the image is to be had, tried in this order: mirrors, then the registry itself.
	Places []RegistryPlace `json:"places"`
	// Proxy is the URL of an HTTP proxy, "" for what the agent's environment says (HTTPS_PROXY, NO_PROXY, ...).
	Proxy string `json:"proxy,omitempty"`
	// MaxBytes is how much the layers may take together, unpacked.
	MaxBytes int64 `json:"maxBytes"`
}

// RegistryPlace is a repository on a registry.
type RegistryPlace struct {
	// Address is "name" or "name:port".
	Address    string `json:"address"`
	Repository string `json:"repository"`
	// Insecure allows a certificate that nobody vouches for, and plain HTTP.
	Insecure bool `json:"insecure,omitempty"`
	// CA is certificates in PEM that are trusted besides the host's.
	CA          string               `json:"ca,omitempty"`
	Credentials *RegistryCredentials `json:"credentials,omitempty"`
}

// RegistryCredentials are a user name with a password, or an identity token (OAuth2's refresh token).
type RegistryCredentials struct {
	Username      string `json:"username,omitempty"`
	Password      string `json:"password,omitempty"`
	IdentityToken string `json:"identityToken,omitempty"`
}
