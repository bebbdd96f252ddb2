package container

import (
	"errors"
	"fmt"
	"testing"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
)

func TestUsersAreFoundAsDockerFindsThem(t *testing.T) {
	known := accounts{
		passwd: "root:x:0:0:root:/root:/bin/sh\nweb:x:33:34:w:/var/www:/bin/sh\nbroken\nhuge:x:4294967296:0::/:\nnegative:x:-1:0::/:\n77:x:78:79::/seventy:/\nnohome:x:90:90:::\n",
		group:  "root:x:0:\nweb:x:34:\nlogs:x:4:web,root\nmore:x:5:other,web\nbad:x:x:web\n99:x:100:\n",
	}
	for wanted, want := range map[string]string{
		"":             "0 0 [4] /root",
		"root":         "0 0 [4] /root",
		"0":            "0 0 [4] /root",
		"web":          "33 34 [4 5] /var/www",
		"33":           "33 34 [4 5] /var/www",
		"web:":         "33 34 [4 5] /var/www",
		"web:logs":     "33 4 [] /var/www",
		"web:12":       "33 12 [] /var/www",
		":logs":        "0 4 [] /root",
		"1234":         "1234 0 [] /",
		"1234:5678":    "1234 5678 [] /",
		"2147483647":   "2147483647 0 [] /",
		"77":           "78 79 [] /seventy",
		"nohome":       "90 90 [] /",
		"0:99":         "0 100 [] /root",
		"4294967296":   "user_unknown",
		"4294967296:0": "user_unknown",
		"2147483648":   "user_unknown",
		"-1":           "user_unknown",
		"0:-1":         "user_unknown",
		"0:4294967296": "user_unknown",
		"+1":           "user_unknown",
		"0x0":          "user_unknown",
		"nobody":       "user_unknown",
		"web:nothing":  "user_unknown",
		"huge":         "user_unknown",
		"negative":     "user_unknown",
		"broken":       "user_unknown",
		"web:logs:4":   "user_unknown",
		" root":        "user_unknown",
	} {
		who, err := resolveUser(wanted, known)
		got := fmt.Sprintf("%d %d %v %s", who.uid, who.gid, who.groups, who.home)
		if err != nil {
			var problem *api.Problem
			if !errors.As(err, &problem) {
				t.Fatal(err)
			}
			got = string(problem.Code)
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", wanted, got, want)
		}
	}
	if who, err := resolveUser("", accounts{}); err != nil || who.uid != 0 || who.home != "/" {
		t.Error("an image without users:", who, err)
	}
}

func TestSignals(t *testing.T) {
	for text, want := range map[string]unix.Signal{
		"": unix.SIGTERM, "SIGQUIT": unix.SIGQUIT, "quit": unix.SIGQUIT, "3": unix.SIGQUIT, "64": 64,
		"SIGRTMIN": 34, "RTMIN+3": 37, "SIGRTMAX-1": 63, "SIGRTMIN+31": 0, "0": 0, "65": 0, "-1": 0, "SIGNONE": 0, "SIGRTMIN3x": 0,
	} {
		got, err := parseSignal(text)
		if (err != nil) != (want == 0) || got != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

func TestProgramsAreLookedForAlongThePath(t *testing.T) {
	env := []string{"A=b", "PATH=/bin::/usr/bin", "Z=z"}
	for program, want := range map[string]string{
		"sh": "[/bin/sh ./sh /usr/bin/sh]", "/bin/sh": "[/bin/sh]", "./sh": "[./sh]", "a/b": "[a/b]", "": "[/bin/ ./ /usr/bin/]",
	} {
		if got := fmt.Sprint(candidates(program, env)); got != want {
			t.Errorf("%q: %s", program, got)
		}
	}
	if got := candidates("sh", []string{"PATH="}); len(got) != 1 {
		t.Errorf("an empty PATH: %q", got)
	}
}
