package server

import (
	"fmt"
	"regexp"
	"strings"

	"pulumi-slipway/agent/api"
)

// The forms are those of the OCI distribution specification: all of them become parts of URLs.
var (
	addressForm    = regexp.MustCompile(`^([0-9A-Za-z]([0-9A-Za-z._-]*[0-9A-Za-z])?|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$`)
	repositoryForm = regexp.MustCompile(`^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$`)
	tagForm        = regexp.MustCompile(`^[0-9A-Za-z_][0-9A-Za-z._-]{0,127}$`)
	platformForm   = regexp.MustCompile(`^(linux/[0-9a-z]+(/[0-9a-z]+)?)?$`)
)

func (f *failures) pull(path string, pull *api.Pull) {
	f.must(pull.Reference != "" && !strings.ContainsAny(pull.Reference, "\x00\n\r"), path+"reference", "must be one line", pull.Reference)
	f.must(pull.Tag != "" || pull.Digest != "", path+"tag", "or digest must be given", pull.Tag)
	f.must(pull.Tag == "" || tagForm.MatchString(pull.Tag), path+"tag", "must be a tag", pull.Tag)
	f.must(pull.Digest == "" || digestForm.MatchString(pull.Digest), path+"digest", "must be a sha256 digest", pull.Digest)
	f.must(platformForm.MatchString(pull.Platform), path+"platform", `must be "linux/architecture" or "linux/architecture/variant"`, pull.Platform)
	f.must(pull.MaxBytes > 0, path+"maxBytes", "must be more than 0", pull.MaxBytes)
	f.must(len(pull.Places) > 0, path+"places", "must not be empty", len(pull.Places))
	for i, place := range pull.Places {
		at := fmt.Sprintf("%splaces[%d].", path, i)
		f.must(addressForm.MatchString(place.Address), at+"address", `must be "name" or "name:port"`, place.Address)
		f.must(len(place.Repository) <= 255 && repositoryForm.MatchString(place.Repository), at+"repository",
			"must be the name of a repository", place.Repository)
		if given := place.Credentials; given != nil {
			// Never with what was given: a problem is shown.
			f.must((given.IdentityToken != "") != (given.Password != ""), at+"credentials",
				"must have either a password or an identity token", "a secret")
			f.must(!strings.ContainsAny(given.Username, ":\x00\n\r"), at+"credentials.username", `must be one line without ":"`, "a secret")
		}
	}
}
