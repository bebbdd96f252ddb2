package cgroup

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"

	"pulumi-slipway/agent/api"
)

// unlimited is where what the kernel says stops being a limit: version 1 answers the largest number it knows, rounded
// to a page.
const unlimited = math.MaxInt64 / 2

// number reads a file that holds one number, or "max"; api.Unlimited stands for no limit.
func number(path string) (int64, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	// io.weight of version 2 says "default 100", and then the weights of single devices.
	line, _, _ := strings.Cut(string(data), "\n")
	return parseNumber(path, strings.TrimSpace(strings.TrimPrefix(line, "default ")))
}

func parseNumber(path, text string) (int64, error) {
	if text == "max" {
		return api.Unlimited, nil
	}
	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", path, err)
	}
	if value < 0 || value >= unlimited {
		return api.Unlimited, nil
	}
	return value, nil
}
