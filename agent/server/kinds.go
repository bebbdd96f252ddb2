package server

import (
	"net/http"

	"pulumi-slipway/agent/api"
)

// kind is what every problem of one code has in common.
type kind struct {
	status int
	title  string
}

// kinds has an entry for every code of the contract.
var kinds = map[api.Code]kind{
	api.CodeInvalid:              {http.StatusBadRequest, "The request does not say what the contract allows"},
	api.CodeGone:                 {http.StatusNotFound, "There is no such incarnation"},
	api.CodeBlobMissing:          {http.StatusConflict, "The archive has to be sent first"},
	api.CodeDigestMismatch:       {http.StatusBadRequest, "The bytes are not those the digest names"},
	api.CodeArchiveInvalid:       {http.StatusUnprocessableEntity, "The archive cannot be read"},
	api.CodeArchiveEscapes:       {http.StatusUnprocessableEntity, "The archive points outside its own tree"},
	api.CodeReferenceMissing:     {http.StatusConflict, "Something the request refers to is not on the host"},
	api.CodeContentDamaged:       {http.StatusConflict, "Content on the host is missing or unfinished"},
	api.CodeLayersConflict:       {http.StatusUnprocessableEntity, "The layers do not go together"},
	api.CodeImageNotFound:        {http.StatusNotFound, "The registry does not have the image"},
	api.CodeImageInvalid:         {http.StatusUnprocessableEntity, "What the registry has is no image"},
	api.CodePlatformMissing:      {http.StatusUnprocessableEntity, "The image is not there for the platform"},
	api.CodeTooLarge:             {http.StatusUnprocessableEntity, "The image is larger than allowed"},
	api.CodeRegistryUnreachable:  {http.StatusBadGateway, "The registry cannot be reached from the host"},
	api.CodeRegistryUntrusted:    {http.StatusBadGateway, "The registry is not trusted"},
	api.CodeRegistryRefused:      {http.StatusUnprocessableEntity, "The registry refused the request"},
	api.CodeRegistryLimited:      {http.StatusServiceUnavailable, "The registry limits requests"},
	api.CodeUserUnknown:          {http.StatusUnprocessableEntity, "The image does not know the user or group"},
	api.CodeProgramNotFound:      {http.StatusUnprocessableEntity, "The program does not exist in the container"},
	api.CodeProgramNotExecutable: {http.StatusUnprocessableEntity, "The program may not be executed"},
	api.CodeStartFailed:          {http.StatusInternalServerError, "The kernel refused a step of the start"},
	api.CodeExited:               {http.StatusUnprocessableEntity, "The container ended although it was to keep running"},
	api.CodeJobFailed:            {http.StatusUnprocessableEntity, "The job failed"},
	api.CodeLimitUnsupported:     {http.StatusUnprocessableEntity, "The kernel cannot hold the limit"},
	api.CodeInUse:                {http.StatusConflict, "Another owner uses it"},
	api.CodePaused:               {http.StatusConflict, "The control group is paused"},
	api.CodeStuck:                {http.StatusInternalServerError, "Processes hang in the kernel"},
	api.CodeNoSpace:              {http.StatusInsufficientStorage, "The disk is full"},
	api.CodeUnsupported:          {http.StatusNotImplemented, "The kernel lacks something that is needed"},
	api.CodeInternal:             {http.StatusInternalServerError, "The agent failed"},
}
