package container

import (
	"maps"
	"slices"
)

// defaultPath is where programs are looked for unless the image or the container says otherwise; Docker's.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// environment joins the defaults, the image's variables and the container's, sorted by name.
func environment(image, own map[string]string, hostname, home string) []string {
	all := map[string]string{"PATH": defaultPath, "HOSTNAME": hostname, "HOME": home}
	maps.Copy(all, image)
	maps.Copy(all, own)
	list := make([]string, 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		list = append(list, name+"="+all[name])
	}
	return list
}

// arguments are the words of the program: the entrypoint's and then the command's. As with Docker, an entrypoint of
// the container's own leaves out the image's command.
func arguments(entrypoint, command, imageEntrypoint, imageCommand []string) []string {
	if len(entrypoint) == 0 {
		entrypoint = imageEntrypoint
		if len(command) == 0 {
			command = imageCommand
		}
	}
	return slices.Concat(entrypoint, command)
}
