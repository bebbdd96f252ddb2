//go:build tools

// Package cli pins the Pulumi CLI, so that it can be built from Go modules where the official download is
// out of reach. Nothing else belongs in this module.
package cli

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
