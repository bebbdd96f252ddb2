package server

import (
	"fmt"
	"regexp"
	"strings"

	"pulumi-slipway/agent/api"
)

var (
	incarnationForm = regexp.MustCompile(`^[0-9a-f]{32}$`)
	digestForm      = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	hostnameForm    = regexp.MustCompile(`^[0-9A-Za-z_.-]{0,64}$`)
)

// longestOwner is what the target of a symbolic link can hold, and an owner is kept as one.
const longestOwner = 4096

// validator is a request that can tell where it breaks the contract beyond what its types say.
type validator interface{ validate(*failures) }

type (
	hostRequest      api.HostRequest
	layerRequest     api.LayerRequest
	imageRequest     api.ImageRequest
	cgroupRequest    api.CgroupRequest
	containerRequest api.ContainerRequest
)

// validatorOf finds the rules of a request.
func validatorOf(request any) validator {
	switch request := request.(type) {
	case *api.HostRequest:
		return (*hostRequest)(request)
	case *api.LayerRequest:
		return (*layerRequest)(request)
	case *api.ImageRequest:
		return (*imageRequest)(request)
	case *api.CgroupRequest:
		return (*cgroupRequest)(request)
	case *api.ContainerRequest:
		return (*containerRequest)(request)
	default:
		panic(fmt.Sprintf("%T has no rules", request))
	}
}

func (r *hostRequest) validate(f *failures) { f.owner("owner", r.Owner) }

func (r *layerRequest) validate(f *failures) {
	f.owner("owner", r.Owner)
	f.contentKey("contentKey", r.ContentKey)
	f.must(digestForm.MatchString(r.Blob), "blob", "must be a sha256 digest", r.Blob)
}

func (r *imageRequest) validate(f *failures) {
	f.owner("owner", r.Owner)
	f.contentKey("contentKey", r.ContentKey)
	if r.Pull != nil {
		f.must(len(r.Layers) == 0 && r.Config == nil, "pull", "must be given without layers and config", "both")
		f.pull("pull.", r.Pull)
		return
	}
	f.must(len(r.Layers) > 0, "layers", "must not be empty", r.Layers)
	for i, layer := range r.Layers {
		f.reference(fmt.Sprintf("layers[%d]", i), layer)
	}
	f.must(r.Config != nil, "config", "must be given with layers", r.Config)
	if r.Config != nil {
		f.process("config.", r.Config.Entrypoint, r.Config.Command, r.Config.Env, r.Config.WorkingDir, r.Config.User)
	}
}

func (r *cgroupRequest) validate(f *failures) {
	f.owner("owner", r.Owner)
	f.contentKey("contentKey", r.ContentKey)
	if r.Parent != nil {
		f.reference("parent", *r.Parent)
	}
}

func (r *containerRequest) validate(f *failures) {
	f.owner("owner", r.Owner)
	f.reference("image", r.Image)
	if r.Cgroup != nil {
		f.reference("cgroup", *r.Cgroup)
	}
	f.process("", r.Entrypoint, r.Command, r.Env, r.WorkingDir, r.User)
	f.must(hostnameForm.MatchString(r.Hostname), "hostname",
		"must be at most 64 letters, digits, dots, hyphens and underscores", r.Hostname)
	f.must(r.Network == "none" || r.Network == "host", "network", `must be "none" or "host"`, r.Network)
	if r.StopTimeoutMs != nil {
		f.must(*r.StopTimeoutMs >= 0, "stopTimeoutMs", "must be 0 or more", *r.StopTimeoutMs)
	}
	f.must(r.Wait == "running" || r.Wait == "exit", "wait", `must be "running" or "exit"`, r.Wait)
	f.must(!r.Paused || r.Wait != "exit", "paused", `must not be true with wait "exit", which would wait for ever`, r.Paused)
}

func (f *failures) owner(path, owner string) {
	f.must(strings.Contains(owner, "/") && !strings.ContainsAny(owner, "\x00\n\r") && len(owner) < longestOwner, path,
		`must be "organization/urn" or "organization/namespace/urn" in one line of less than 4096 bytes`, owner)
}

func (f *failures) contentKey(path, key string) {
	f.must(key != "" && !strings.ContainsAny(key, "\x00\n\r"), path, "must be a key in one line", key)
}

func (f *failures) reference(path string, reference api.Reference) {
	f.owner(path+".owner", reference.Owner)
	f.contentKey(path+".contentKey", reference.ContentKey)
}

// process checks what execve(2) will be given: none of it can hold a NUL, and a variable's name no "=".
func (f *failures) process(path string, entrypoint, command []string, env map[string]string, directory, user string) {
	f.words(path+"entrypoint", entrypoint)
	f.words(path+"command", command)
	for _, name := range sortedKeys(env) {
		f.must(name != "" && !strings.ContainsAny(name, "=\x00"), path+"env", "must have names without = and NUL", name)
		f.must(!strings.Contains(env[name], "\x00"), path+"env."+name, "must not hold a NUL", env[name])
	}
	f.must(directory == "" || strings.HasPrefix(directory, "/") && !strings.Contains(directory, "\x00"),
		path+"workingDir", "must be an absolute path", directory)
	f.must(!strings.Contains(user, "\x00"), path+"user", "must not hold a NUL", user)
}

func (f *failures) words(path string, words []string) {
	for i, word := range words {
		f.must(!strings.Contains(word, "\x00"), fmt.Sprintf("%s[%d]", path, i), "must not hold a NUL", word)
	}
}
