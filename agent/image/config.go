package image

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"runtime"
	"slices"
	"strings"

	"pulumi-slipway/agent/api"
)

// configuration is the OCI image specification's image configuration, as far as an image made of layers has one. Its
// sha256 is the image id, so it holds no time and nothing else that differs from one making to the next.
type configuration struct {
	Architecture string  `json:"architecture"`
	OS           string  `json:"os"`
	Config       process `json:"config"`
	RootFS       rootFS  `json:"rootfs"`
}

// process is the specification's "config".
type process struct {
	User       string            `json:"User,omitempty"`
	Env        []string          `json:"Env,omitempty"`
	Entrypoint []string          `json:"Entrypoint,omitempty"`
	Cmd        []string          `json:"Cmd,omitempty"`
	WorkingDir string            `json:"WorkingDir,omitempty"`
	Labels     map[string]string `json:"Labels,omitempty"`
	StopSignal string            `json:"StopSignal,omitempty"`
}

type rootFS struct {
	Type    string   `json:"type"`
	DiffIDs []string `json:"diff_ids"`
}

// configurationOf writes the configuration of an image for this host's architecture.
func configurationOf(config api.ImageConfig, layers []string) ([]byte, error) {
	var env []string
	for _, name := range slices.Sorted(maps.Keys(config.Env)) {
		env = append(env, name+"="+config.Env[name])
	}
	data, err := json.Marshal(configuration{
		Architecture: runtime.GOARCH,
		OS:           "linux",
		Config: process{config.User, env, config.Entrypoint, config.Command, config.WorkingDir,
			config.Labels, config.StopSignal},
		RootFS: rootFS{"layers", layers},
	})
	if err != nil {
		return nil, fmt.Errorf("write the image's configuration: %w", err)
	}
	return data, nil
}

// readConfiguration is the opposite of configurationOf. It takes only what a container may get from an image: nothing
// in an image decides anything on the host.
func readConfiguration(data []byte) (api.ImageConfig, error) {
	var read configuration
	if err := json.Unmarshal(data, &read); err != nil {
		return api.ImageConfig{}, fmt.Errorf("read the image's configuration: %w", err)
	}
	config := api.ImageConfig{
		Entrypoint: read.Config.Entrypoint, Command: read.Config.Cmd, WorkingDir: read.Config.WorkingDir,
		User: read.Config.User, StopSignal: read.Config.StopSignal, Labels: read.Config.Labels,
	}
	if config.WorkingDir != "" {
		config.WorkingDir = path.Join("/", config.WorkingDir) // some images leave the "/" out
	}
	for _, variable := range read.Config.Env {
		if config.Env == nil {
			config.Env = map[string]string{}
		}
		name, value, _ := strings.Cut(variable, "=")
		config.Env[name] = value
	}
	return config, nil
}
