// Package image makes images: an ordered list of layers and a configuration, known by the digest of the latter as in
// the OCI image specification. It unpacks nothing and runs nothing; a container gets from it the folders to mount and
// the configuration (Resolve).
package image
