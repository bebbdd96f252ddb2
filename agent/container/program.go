package container

import (
	"strings"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/recipe"
)

// execute is the end of every list. A program without a slash is looked for along PATH, in the container, as execvp(3)
// does: a first round takes the first that can be executed; a second one finds out which error to report, where a
// program that may not be executed says more than one that is missing.
func execute(c script, s spec) {
	arguments, env := c.recipe.Vector(s.arguments), c.recipe.Vector(s.env)
	programs := candidates(s.arguments[0], s.env)
	attempt := func(program string) recipe.Added {
		return c.call("execve", program, unix.SYS_EXECVE, c.text(program), arguments, env)
	}
	if len(programs) > 1 {
		for _, program := range programs {
			attempt(program).Tolerate(unix.ENOENT, unix.ENOTDIR, unix.EACCES)
		}
		for _, program := range programs[:len(programs)-1] {
			attempt(program).Tolerate(unix.ENOENT, unix.ENOTDIR)
		}
	}
	attempt(programs[len(programs)-1])
}

// candidates are the paths at which a program may be, never none.
func candidates(program string, env []string) []string {
	if strings.Contains(program, "/") {
		return []string{program}
	}
	var found []string
	for _, variable := range env {
		path, ok := strings.CutPrefix(variable, "PATH=")
		if !ok {
			continue
		}
		for _, folder := range strings.Split(path, ":") {
			if folder == "" {
				folder = "."
			}
			found = append(found, folder+"/"+program)
		}
	}
	return found
}
