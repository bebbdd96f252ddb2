// Package layer makes layers: it takes in archives as blobs and unpacks each into one immutable tree that overlayfs
// can use as a lower directory. It does not know images or containers, nor where the store keeps things.
//
// An archive is a tar archive (v7, ustar, PAX, GNU), plain or compressed with gzip or zstd, which its first bytes
// tell. Everything in it is hostile. Unpacking keeps owners by number, modes with setuid, times, hard links, holes,
// devices, and those extended attributes that belong to files: user.*, security.capability, and POSIX ACLs in their
// binary form. The OCI image specification's whiteouts become overlayfs's. Two layers of the same uncompressed bytes are
// one tree on the disk.
package layer
