package api

import "fmt"

// Code tells programs what went wrong. Codes are stable; docs/errors.md lists each with cause and way out.
type Code string

// The codes the agent answers with. The client has more of its own for reaching a host (provider/host/errors.ts).
const (
	// CodeInvalid: the request does not say what the contract allows.
	CodeInvalid Code = "invalid"
	// CodeGone: there is no such incarnation.
	CodeGone Code = "gone"
	// CodeBlobMissing: the archive has to be sent first; Object is its digest.
	CodeBlobMissing Code = "blob_missing"
	// CodeDigestMismatch: the bytes received are not those the digest names.
	CodeDigestMismatch Code = "digest_mismatch"
	// CodeArchiveInvalid: the archive is truncated, not a tar, or compressed in an unknown way.
	CodeArchiveInvalid Code = "archive_invalid"
	// CodeArchiveEscapes: an entry of the archive points outside its own tree.
	CodeArchiveEscapes Code = "archive_escapes"
	// CodeReferenceMissing: a layer or image that the request refers to is not on the host.
	CodeReferenceMissing Code = "reference_missing"
	// CodeContentDamaged: a layer or image record exists, but its content is missing or unfinished.
	CodeContentDamaged Code = "content_damaged"
	// CodeLayersConflict: a layer has files below a path that is a symbolic link in a layer under it; Object is the path.
	CodeLayersConflict Code = "layers_conflict"
	// CodeImageNotFound: the registry has no such repository, tag or digest, or hides it from these credentials.
	CodeImageNotFound Code = "image_not_found"
	// CodeImageInvalid: what the registry gave is no image that can be run, or contradicts itself.
	CodeImageInvalid Code = "image_invalid"
	// CodePlatformMissing: the image is not there for the platform that was asked for.
	CodePlatformMissing Code = "platform_missing"
	// CodeTooLarge: the image is larger than allowed.
	CodeTooLarge Code = "too_large"
	// CodeRegistryUnreachable: no answer from the registry, or only failures, for as long as it was tried.
	CodeRegistryUnreachable Code = "registry_unreachable"
	// CodeRegistryUntrusted: the registry's certificate is not one that is trusted, or it does not speak TLS.
	CodeRegistryUntrusted Code = "registry_untrusted"
	// CodeRegistryRefused: the registry wants other credentials than it was given.
	CodeRegistryRefused Code = "registry_refused"
	// CodeRegistryLimited: the registry answers no more requests for a while.
	CodeRegistryLimited Code = "registry_limited"
	// CodeUserUnknown: the user or group is not in the image's /etc/passwd or /etc/group.
	CodeUserUnknown Code = "user_unknown"
	// CodeProgramNotFound: the program to execute does not exist in the container (shells say 127).
	CodeProgramNotFound Code = "program_not_found"
	// CodeProgramNotExecutable: the program exists and may not run (shells say 126).
	CodeProgramNotExecutable Code = "program_not_executable"
	// CodeStartFailed: the kernel refused a step between the request and the program.
	CodeStartFailed Code = "start_failed"
	// CodeExited: the container ended although it was to keep running.
	CodeExited Code = "exited"
	// CodeJobFailed: a job ended with another code than 0.
	CodeJobFailed Code = "job_failed"
	// CodeLimitUnsupported: the kernel or its configuration cannot hold a limit, or the container uses more.
	CodeLimitUnsupported Code = "limit_unsupported"
	// CodeInUse: the thing cannot be removed because another owner uses it.
	CodeInUse Code = "in_use"
	// CodePaused: nothing can start in a control group that is paused.
	CodePaused Code = "paused"
	// CodeStuck: processes hang in the kernel, so that they neither end nor stand still.
	CodeStuck Code = "stuck"
	// CodeNoSpace: the disk or its inodes are used up.
	CodeNoSpace Code = "no_space"
	// CodeUnsupported: the kernel lacks something that no way leads around.
	CodeUnsupported Code = "unsupported"
	// CodeInternal: a fault of the agent itself.
	CodeInternal Code = "internal"
)

// Problem is an error as the client gets it (RFC 9457 with extension members).
type Problem struct {
	// Title is the same for every problem of one code; Detail is the sentence for a person: the step, the
	// object, the cause and the way out.
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Code   Code   `json:"code"`
	// Step is the operation that failed, in the kernel's words where the kernel refused it.
	Step string `json:"step,omitempty"`
	// Object is what the step was done to.
	Object string `json:"object,omitempty"`
	// Errno and ErrnoName are the kernel's answer, e.g. 28 and "ENOSPC".
	Errno     int    `json:"errno,omitempty"`
	ErrnoName string `json:"errnoName,omitempty"`
	// Left is what the failed call left on the host, nil where it left nothing.
	Left *Left `json:"left,omitempty"`
	// Log holds the last lines of the container's log, at most 20.
	Log []string `json:"log,omitempty"`
	// ExitCode is that of a container which ended.
	ExitCode *int `json:"exitCode,omitempty"`
	// cause stays in the agent, for errors.Is.
	cause error
}

// Left names a resource that was recorded although the call failed, so that the client can record it too.
type Left struct {
	Slot        string `json:"slot"`
	Incarnation string `json:"incarnation"`
}

// Error makes a Problem an error.
func (p *Problem) Error() string {
	return fmt.Sprintf("%s: %s", p.Code, p.Detail)
}

// Unwrap is what Failed was given, nil for a problem that began as one.
func (p *Problem) Unwrap() error { return p.cause }
