//go:build tools

// Package languagenodejs pins Pulumi's Node.js language host. It has a module of its own because the newest
// version that module mirrors serve needs an older Pulumi SDK than the CLI does; the protocol between the two
// is compatible. Nothing else belongs in this module.
package languagenodejs

import _ "github.com/pulumi/pulumi/sdk/nodejs/cmd/pulumi-language-nodejs/v3"
