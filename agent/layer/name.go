package layer

import (
	"fmt"
	"strings"

	"pulumi-slipway/agent/api"
)

// inside makes a path below the layer's root of a name in an archive: "." for the root itself. A leading "/" means the
// layer's root, as to a container. A ".." is refused even where it would stay inside: no tool writes one into an archive
// of its own accord, and whether it stays inside depends on links.
func inside(name string) (string, error) {
	var parts []string
	for part := range strings.SplitSeq(name, "/") {
		switch part {
		case "", ".":
		case "..":
			return "", &api.Problem{Code: api.CodeArchiveEscapes, Step: "unpack", Object: name,
				Detail: fmt.Sprintf("the archive's entry %q has a \"..\" in it, which could lead out of the layer; "+
					"pack the archive from inside the folder, for example `tar -C FOLDER -cf layer.tar .`", name)}
		default:
			parts = append(parts, part)
		}
	}
	if len(parts) == 0 {
		return ".", nil
	}
	return strings.Join(parts, "/"), nil
}
