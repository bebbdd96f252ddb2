package host

import (
	"bufio"
	"os"
	"strings"
)

// osName reads PRETTY_NAME from the first of the files of os-release(5) that there is, "" where none names itself.
func osName(files ...string) string {
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			continue
		}
		defer file.Close()
		for lines := bufio.NewScanner(file); lines.Scan(); {
			if value, found := strings.CutPrefix(strings.TrimSpace(lines.Text()), "PRETTY_NAME="); found {
				return unquote(value)
			}
		}
		return ""
	}
	return ""
}

// unquote undoes the shell's quoting as far as os-release(5) allows it.
func unquote(value string) string {
	if len(value) >= 2 && value[0] == '\'' {
		return strings.Trim(value, "'")
	}
	return escapes.Replace(strings.TrimSuffix(strings.TrimPrefix(value, `"`), `"`))
}

var escapes = strings.NewReplacer(`\"`, `"`, `\$`, `$`, `\\`, `\`, "\\`", "`")
