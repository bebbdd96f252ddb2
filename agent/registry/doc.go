// Package registry reads images from registries by the OCI distribution specification, over net/http alone: it finds the
// manifest of a reference and platform, and fetches configurations and layers. It writes nothing but the file it is
// handed, and knows nothing of layers and images on this host.
//
// Everything a registry sends is hostile until its digest is the one that was asked for, and its meaning afterwards:
//
//   - what is kept in memory is bounded, and so is how long a registry may be silent;
//   - a document is read as one kind, which its Content-Type, its mediaType and its members have to agree on;
//   - credentials go to the address they are for and to the token service it names over TLS, never where a redirect leads;
//   - URLs in manifests are not followed.
//
// A download that breaks off is taken up again where it stopped, within one call and in a later one.
package registry
