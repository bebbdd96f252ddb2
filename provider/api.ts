/**
 * The agent's API as types: the TypeScript side of the contract whose specification is the Go package agent/api.
 * Names and meaning are the same there, one for one. Every schema is strict, because an unknown field means that the
 * two sides disagree. Both sides read every golden file in test/api/ and write it back.
 */
import { z } from "zod";
import { pull } from "./pull";

/** The version of the contract. A client that meets another number delivers its own agent. */
export const protocol = 1;

/** Starts the greeting line. Its control characters do not occur in what login shells print. */
export const greetingMagic = "\x05\x16\x07slipway-agent";

/** `sha256:` and 64 lower-case hexadecimal digits. */
export const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);

/** One thing that has filled a slot: 32 lower-case hexadecimal digits, minted by the client in each create. */
export const incarnation = z.string().regex(/^[0-9a-f]{32}$/);

/** The place of one owner's resource on a host, minted by the agent. It becomes a part of Pulumi ids and paths. */
export const slot = z.string().regex(/^[0-9A-Za-z][0-9A-Za-z_.-]{0,127}$/);

const labels = z.record(z.string(), z.string());

/**
 * Points at a resource of the same host by its owner. `contentKey` is set for layers and images only: it tells which
 * of the incarnations in the owner's slot is meant.
 */
export const reference = z.strictObject({ owner: z.string(), contentKey: z.string().exactOptional() });
/** See {@link reference}. */
export type Reference = z.infer<typeof reference>;

/** What every answer about a resource begins with. */
export const identity = z.strictObject({ owner: z.string(), slot, incarnation });
/** See {@link identity}. */
export type Identity = z.infer<typeof identity>;

/** Claims the host for an owner. */
export const hostRequest = z.strictObject({ owner: z.string() });
/** See {@link hostRequest}. */
export type HostRequest = z.infer<typeof hostRequest>;

/** What the agent observes of the machine it runs on. */
export const hostFacts = z.strictObject({
  /** Minted by the agent at its first start and bound to the machine id. */
  hostId: z.string(),
  /** In Go's and Docker's words. */
  architecture: z.enum(["amd64", "arm64"]),
  /** The release as uname(2) gives it. */
  kernel: z.string(),
  /** PRETTY_NAME of os-release(5), "" where there is none. */
  os: z.string(),
  /** 2 for a pure unified hierarchy, else 1 (hybrid included). */
  cgroupVersion: z.union([z.literal(1), z.literal(2)]),
  cpus: z.int(),
  memoryBytes: z.int(),
  /** Whether the kernel lets the agent create a user namespace. */
  userNamespaces: z.boolean(),
  /** The sha256 of the running agent file. */
  agentDigest: digest,
});
/** See {@link hostFacts}. */
export type HostFacts = z.infer<typeof hostFacts>;

/** A claim on the host and what the host is. */
export const hostAnswer = identity.extend(hostFacts.shape);
/** See {@link hostAnswer}. */
export type HostAnswer = z.infer<typeof hostAnswer>;

/** Asks for a layer made of an archive that was sent before as a blob; else the answer is the problem `blob_missing`. */
export const layerRequest = z.strictObject({
  owner: z.string(),
  contentKey: z.string(),
  /** The digest of the archive's bytes: tar, plain or compressed with gzip or zstd. */
  blob: digest,
});
/** See {@link layerRequest}. */
export type LayerRequest = z.infer<typeof layerRequest>;

/** Describes a layer. */
export const layerAnswer = identity.extend({
  contentKey: z.string(),
  /** Of the uncompressed archive: the diff id of the OCI image specification. */
  digest,
  sizeBytes: z.int(),
  /** False where the layer's tree is missing or unfinished. */
  intact: z.boolean(),
});
/** See {@link layerAnswer}. */
export type LayerAnswer = z.infer<typeof layerAnswer>;

/** What a container of an image gets unless it says otherwise; the fields mean what they mean in the OCI image specification. */
export const imageConfig = z.strictObject({
  entrypoint: z.array(z.string()).exactOptional(),
  command: z.array(z.string()).exactOptional(),
  env: labels.exactOptional(),
  workingDir: z.string().exactOptional(),
  user: z.string().exactOptional(),
  stopSignal: z.string().exactOptional(),
  labels: labels.exactOptional(),
});
/** See {@link imageConfig}. */
export type ImageConfig = z.infer<typeof imageConfig>;

/** See the schemas. */
export type { Pull, RegistryPlace } from "./pull";

/** Asks for an image: of layers, lowest first, with a config, or of what is to be pulled. */
export const imageRequest = z.strictObject({
  owner: z.string(),
  contentKey: z.string(),
  layers: z.array(reference).exactOptional(),
  config: imageConfig.exactOptional(),
  pull: pull.exactOptional(),
});
/** See {@link imageRequest}. */
export type ImageRequest = z.infer<typeof imageRequest>;

/** Describes an image. */
export const imageAnswer = identity.extend({
  contentKey: z.string(),
  /** The digest of the image's OCI configuration. */
  imageId: digest,
  /** The diff ids of its layers, lowest first. */
  layers: z.array(digest),
  sizeBytes: z.int(),
  /** False where the record or one of its layers is missing; for one that was pulled also where a layer is damaged. */
  intact: z.boolean(),
  /** What the reference stood for when it was pulled. */
  digest: digest.exactOptional(),
  /** What the configuration of one that was pulled says to containers. */
  config: imageConfig.exactOptional(),
});
/** See {@link imageAnswer}. */
export type ImageAnswer = z.infer<typeof imageAnswer>;

/** Lifts a limit. */
export const unlimited = -1;

const limit = z.int().exactOptional();

/**
 * The settings of a control group, named as the files of cgroup version 2 are. An absent field is not ours to set; a limit
 * of {@link unlimited} is lifted.
 */
export const groupResources = z.strictObject({
  cpu: z
    .strictObject({
      /** How much of each period may be used, both in microseconds; the period is 100,000 where it is absent. */
      maxUs: limit,
      periodUs: limit,
      burstUs: limit,
      /** 1 to 10,000 against siblings; or the same in shares of version 1, 2 to 262,144. */
      weight: limit,
      shares: limit,
    })
    .exactOptional(),
  /** In the format of cpuset(7): "0-2,4". */
  cpuset: z.strictObject({ cpus: z.string().exactOptional(), mems: z.string().exactOptional() }).exactOptional(),
  /** In bytes. Swap does not count memory. */
  memory: z
    .strictObject({
      max: limit,
      high: limit,
      low: limit,
      min: limit,
      swapMax: limit,
      oomGroup: z.boolean().exactOptional(),
    })
    .exactOptional(),
  pids: z.strictObject({ max: limit }).exactOptional(),
  io: z
    .strictObject({
      weight: limit,
      /** A device is a path below /dev on the host, or "major:minor"; each limit is one a second. */
      max: z
        .array(
          z.strictObject({
            device: z.string(),
            readBytes: limit,
            writeBytes: limit,
            readOps: limit,
            writeOps: limit,
          }),
        )
        .exactOptional(),
    })
    .exactOptional(),
  hugetlb: z.array(z.strictObject({ pageSize: z.string(), max: z.int() })).exactOptional(),
  /** Rules in the format of version 1, such as "c 1:3 rwm"; what none allows is refused. */
  devices: z.array(z.string()).exactOptional(),
});
/** See {@link groupResources}. */
export type GroupResources = z.infer<typeof groupResources>;

/** Asks for a control group that containers can be put below. */
export const cgroupRequest = z.strictObject({
  owner: z.string(),
  /** Tells the group's place from another: a digest of the owners above it. */
  contentKey: z.string(),
  /** The group it is in; absent for one at the top. */
  parent: reference.exactOptional(),
  resources: groupResources,
  /** Whether nothing in the group and below it runs. */
  paused: z.boolean().exactOptional(),
});
/** See {@link cgroupRequest}. */
export type CgroupRequest = z.infer<typeof cgroupRequest>;

/** Describes a control group as it now is. */
export const cgroupAnswer = identity.extend({
  contentKey: z.string(),
  /** Below the root of each hierarchy. */
  path: z.string(),
  /** That of the hierarchy that holds processes: 2 where no other is mounted. */
  version: z.union([z.literal(1), z.literal(2)]),
  /** False where the group is gone, or gone from a hierarchy. */
  intact: z.boolean(),
  /** Whether the group was paused itself, whatever is above it. False where it is gone. */
  paused: z.boolean(),
  /** What the kernel holds of those that were asked for. */
  resources: groupResources,
});
/** See {@link cgroupAnswer}. */
export type CgroupAnswer = z.infer<typeof cgroupAnswer>;

/**
 * Asks for a running container, or with `wait: "exit"` for one that has run. An absent field leaves the choice to the
 * image and then to the default.
 */
export const containerRequest = z.strictObject({
  owner: z.string(),
  image: reference,
  entrypoint: z.array(z.string()).exactOptional(),
  command: z.array(z.string()).exactOptional(),
  env: labels.exactOptional(),
  workingDir: z.string().exactOptional(),
  user: z.string().exactOptional(),
  hostname: z.string().exactOptional(),
  network: z.enum(["none", "host"]),
  /** The group the container's own is in. */
  cgroup: reference.exactOptional(),
  /** The settings of the container's own control group, without devices. */
  resources: groupResources.exactOptional(),
  labels: labels.exactOptional(),
  /** A name as in signal(7) with SIG; absent means the image's, then SIGTERM. */
  stopSignal: z.string().exactOptional(),
  /** How long stopping waits after the signal before it kills, in milliseconds; absent means 10,000. */
  stopTimeoutMs: z.int().exactOptional(),
  readOnly: z.boolean().exactOptional(),
  /** Whether nothing in the container runs once it was started; with wait "running" only. */
  paused: z.boolean().exactOptional(),
  /** "running": the program was executed and has not ended within 200 ms. "exit": it has ended with 0; a job, run once. */
  wait: z.enum(["running", "exit"]),
});
/** See {@link containerRequest}. */
export type ContainerRequest = z.infer<typeof containerRequest>;

/** Describes a container as it now is, without anything that changes by itself. */
export const containerAnswer = identity.extend({
  imageId: digest,
  running: z.boolean(),
  /** Whether it was paused itself, whatever becomes of groups above it. Then running is true. */
  paused: z.boolean(),
  /** Of the first process once it has ended: its status, or 128 and the signal. Absent where it could not be learnt. */
  exitCode: z.int().exactOptional(),
  /** Whether the kernel killed a process of it for want of memory since its last start. Absent where nobody can tell. */
  oomKilled: z.boolean().exactOptional(),
  /** Whether a limit of their number has refused it a process since then. Absent where nobody can tell. */
  pidsLimitReached: z.boolean().exactOptional(),
  /** What the kernel holds now of those that were asked for, absent where the container does not run. */
  resources: groupResources.exactOptional(),
  labels: labels.exactOptional(),
});
/** See {@link containerAnswer}. */
export type ContainerAnswer = z.infer<typeof containerAnswer>;

/** A container in the inventory, with what people want to see and state must not hold. */
export const containerSummary = containerAnswer.extend({
  /** What the first process was started with. */
  command: z.array(z.string()),
  /** RFC 3339; absent where unknown. */
  startedAt: z.string().exactOptional(),
  /** RFC 3339; absent where unknown or not yet. */
  endedAt: z.string().exactOptional(),
  /** Whether nothing in it runs, because it is paused or a group above it is. */
  frozen: z.boolean().exactOptional(),
  /** How many processes were killed for want of memory. */
  oomKills: z.int().exactOptional(),
  /** How often it was refused a process. */
  pidsMaxReached: z.int().exactOptional(),
});
/** See {@link containerSummary}. */
export type ContainerSummary = z.infer<typeof containerSummary>;

/** Everything the agent keeps on the host, by owner. */
export const inventory = z.strictObject({
  host: hostFacts,
  hosts: z.array(identity),
  layers: z.array(layerAnswer),
  images: z.array(imageAnswer),
  cgroups: z.array(cgroupAnswer),
  containers: z.array(containerSummary),
});
/** See {@link inventory}. */
export type Inventory = z.infer<typeof inventory>;

/** The codes the agent answers with; docs/errors.md lists each with cause and way out. */
export const problemCodes = [
  "invalid",
  "gone",
  "blob_missing",
  "digest_mismatch",
  "archive_invalid",
  "archive_escapes",
  "reference_missing",
  "content_damaged",
  "layers_conflict",
  "image_not_found",
  "image_invalid",
  "platform_missing",
  "too_large",
  "registry_unreachable",
  "registry_untrusted",
  "registry_refused",
  "registry_limited",
  "user_unknown",
  "program_not_found",
  "program_not_executable",
  "start_failed",
  "exited",
  "job_failed",
  "limit_unsupported",
  "in_use",
  "paused",
  "stuck",
  "no_space",
  "unsupported",
  "internal",
] as const;
/** One of {@link problemCodes}. Programs branch on it; people read the detail. */
export type ProblemCode = (typeof problemCodes)[number];

/** Names a resource that was recorded although the call failed, so that the client can record it too. */
export const left = z.strictObject({ slot, incarnation });
/** See {@link left}. */
export type Left = z.infer<typeof left>;

/** An error as the client gets it: problem details (RFC 9457) with extension members. */
export const problem = z.strictObject({
  /** The same for every problem of one code. */
  title: z.string(),
  status: z.int(),
  /** The sentence for a person: the step, the object, the cause and the way out. */
  detail: z.string(),
  code: z.enum(problemCodes),
  /** The operation that failed, in the kernel's words where the kernel refused it. */
  step: z.string().exactOptional(),
  /** What the step was done to. */
  object: z.string().exactOptional(),
  /** The kernel's answer, for example 28. */
  errno: z.int().exactOptional(),
  /** The kernel's name for it, for example "ENOSPC". */
  errnoName: z.string().exactOptional(),
  /** What the failed call left on the host, absent where it left nothing. */
  left: left.exactOptional(),
  /** The last lines of the container's log, at most 20. */
  log: z.array(z.string()).exactOptional(),
  /** That of a container which ended. */
  exitCode: z.int().exactOptional(),
});
/** See {@link problem}. */
export type Problem = z.infer<typeof problem>;

/** What is asked and answered under `/v1/{resource}/{incarnation}`. */
export const resources = {
  hosts: { request: hostRequest, answer: hostAnswer },
  layers: { request: layerRequest, answer: layerAnswer },
  images: { request: imageRequest, answer: imageAnswer },
  cgroups: { request: cgroupRequest, answer: cgroupAnswer },
  containers: { request: containerRequest, answer: containerAnswer },
} as const;
/** A resource as it stands in paths. */
export type ResourceName = keyof typeof resources;
/** The body of a PUT to a resource. */
export type RequestOf<R extends ResourceName> = z.infer<(typeof resources)[R]["request"]>;
/** The answer to a PUT or GET of a resource. */
export type AnswerOf<R extends ResourceName> = z.infer<(typeof resources)[R]["answer"]>;
