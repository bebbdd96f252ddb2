// Package image makes images: an ordered list of layers and a configuration, known by the digest of the latter as in
// the OCI image specification. An image is made of layers that are on the host, or pulled from a registry (packages
// registry and layer do the work). It runs nothing; a container gets from it the folders to mount and the configuration
// (Resolve).
package image
