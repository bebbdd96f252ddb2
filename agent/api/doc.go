// Package api is the contract between the provider and the agent, and its specification. It holds the request
// and answer types, the greeting and the error codes, and nothing that acts. The TypeScript side of the same
// contract is provider/api.ts; both read every golden file in test/api/ strictly and write it back.
//
// # Session
//
// The agent is started with `slipway-agent serve` over one SSH channel. It first writes one greeting line to its
// standard output (see Greeting) and then speaks HTTP/2 with prior knowledge (RFC 9113, section 3.3) over
// its standard input and output. The client skips whatever a login shell printed before the greeting, up to
// 64 KiB. The agent ends when its standard input ends.
//
// # Resources
//
// Every request is idempotent: PUT converges to the body (it creates or updates), GET observes, DELETE ends,
// and deleting what is gone already succeeds. A request repeated after a broken connection finds what the first
// one made.
//
//	GET    /v1/host                               HostFacts
//	GET    /v1/inventory                          Inventory
//	PUT    /v1/blobs/{digest}                     bytes; the digest is that of the bytes sent
//	PUT    /v1/hosts/{incarnation}                HostRequest      -> HostAnswer
//	PUT    /v1/layers/{incarnation}               LayerRequest     -> LayerAnswer
//	PUT    /v1/images/{incarnation}               ImageRequest     -> ImageAnswer
//	PUT    /v1/cgroups/{incarnation}              CgroupRequest    -> CgroupAnswer
//	PUT    /v1/containers/{incarnation}           ContainerRequest -> ContainerAnswer
//	GET    /v1/{resource}/{incarnation}           the same answer; 404 with code "gone" where there is none
//	DELETE /v1/{resource}/{incarnation}           204; hosts take ?purge=true
//	PUT    /v1/{stoppable}/{incarnation}/paused   204; the body is empty
//	DELETE /v1/{stoppable}/{incarnation}/paused   204; also where it was not paused, or does not run
//	DELETE /v1/{stoppable}/{incarnation}/processes  204; also where there were none
//	GET    /v1/stats                              Stats; ?follow=true, ?interval=MILLISECONDS (100 to a day, 1000)
//	GET    /v1/containers/{incarnation}/logs      text/plain, see LogLine; ?tail=N, ?follow=true
//
// # Stopping what runs
//
// Containers and cgroups are stoppable. While there is "paused", nothing in the container, or in the group and all below
// it, runs; the next PUT of the resource makes it what its body says. That of a container which does not run is answered
// with the code "exited". "processes" are ended at once, paused or not, without a signal they could heed; the answer comes
// when they are gone and the containers' exit codes are written down. Neither changes what was declared.
//
// # Timing
//
// Every answer carries the header Server-Timing: "total" is the time in milliseconds between the request's arrival and
// its answer. A PUT of a container with wait "exit" also has "exit", the time until the container was seen to have ended;
// what lies between the two is the record being synced.
//
// # Progress
//
// A PUT that fetches something is answered by interim answers of status 102 (Processing) before the answer itself, one a
// second while something changes. Their header Slipway-Progress is "DONE/TOTAL" in bytes; the total grows with what is
// found to be missing.
//
// # Identity
//
// An owner ("organization/urn" or "organization/namespace/urn") names what a thing on a host belongs to on the
// Pulumi side. A slot is the place of one owner's resource on a host; the agent mints it at the owner's first
// create and finds it again by the owner. An incarnation is one thing that has filled the slot: a nonce of 32
// lower-case hexadecimal digits minted by the client in each create. A PUT of a new incarnation takes the slot
// over from every other incarnation in it once the new one is good. A PUT of a known incarnation with another
// owner relabels its slot.
//
// A reference to another resource is a Reference: the owner of the target and, for layers and images, the
// content key the client computed. The agent looks for the incarnation in the owner's slot that carries the key.
//
// # Errors
//
// An error is a Problem (RFC 9457, application/problem+json). Programs branch on Code; people read Detail.
package api
