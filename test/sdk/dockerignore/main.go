// Command dockerignore reads cases as JSON lines, each with the lines of a .dockerignore file and paths, and writes for each
// which of the paths Docker leaves out, or null where it refuses a pattern.
package main

import (
	"bufio"
	"encoding/json"
	"log"
	"os"
	"strings"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

func main() {
	input := bufio.NewReader(os.Stdin)
	output := bufio.NewWriter(os.Stdout)
	defer output.Flush()
	decoder, encoder := json.NewDecoder(input), json.NewEncoder(output)
	for decoder.More() {
		var each struct{ Lines, Paths []string }
		if err := decoder.Decode(&each); err != nil {
			log.Fatal(err)
		}
		if err := encoder.Encode(excluded(each.Lines, each.Paths)); err != nil {
			log.Fatal(err)
		}
	}
}

func excluded(lines, paths []string) []string {
	patterns, err := ignorefile.ReadAll(strings.NewReader(strings.Join(lines, "\n")))
	if err != nil {
		return nil
	}
	matcher, err := patternmatcher.New(patterns)
	if err != nil {
		return nil
	}
	found := []string{}
	for _, path := range paths {
		out, err := matcher.MatchesOrParentMatches(path)
		if err != nil {
			return nil
		}
		if out {
			found = append(found, path)
		}
	}
	return found
}
