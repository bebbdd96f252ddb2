import type { z } from "zod";
import type { AnswerOf } from "../api";
import { compact, type Bag } from "./bag";
import { byHost, byPlace, byReference, byValue, same } from "./changed";
import { host } from "./connection";
import type { Definition, Failure } from "./definition";
import * as field from "./fields";
import { limitRules, limitShape } from "./limit-fields";
import { limitNames, limitsSeen, resourcesOf, type Limits } from "./limits";
import { groupReference, reference, withSlot } from "./reference";
import { members } from "./schema";
import { unknown } from "./unknown";

/** Labels of letters, digits and inner hyphens, joined by dots. */
const hostname = /^(?=.{1,64}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i;

const shape = {
  owner: field.text("must be the owner of the resource"),
  host,
  image: reference("an Image"),
  command: field.words().exactOptional(),
  entrypoint: field.words().exactOptional(),
  env: field.pairs().exactOptional(),
  workingDir: field.absolutePath().exactOptional(),
  user: field.user().exactOptional(),
  hostname: field.text("must be a host name of at most 64 characters", hostname).exactOptional(),
  network: field.oneOf("none", "host"),
  cgroup: groupReference().exactOptional(),
  ...limitShape,
  labels: field.pairs().exactOptional(),
  stopSignal: field.signal().exactOptional(),
  stopTimeout: field.duration().exactOptional(),
  readOnly: field.flag().exactOptional(),
  paused: field.flag().exactOptional(),
  wait: field.oneOf("running", "exit").exactOptional(),
  running: field.flag().exactOptional(),
  succeeded: field.flag().exactOptional(),
};
const schema = members("must be the inputs of a Container", shape);

/** The canonical inputs of a Container. */
export type ContainerInputs = z.output<typeof schema>;

/** A program in an image's file system. What the kernel can change while it runs is changed in place. */
export const container: Definition<"containers", ContainerInputs> = {
  resource: "containers",
  schema,
  inputs: Object.keys(shape) as (keyof typeof shape)[],
  rules: (inputs) => [...limitRules(inputs), ...pauseRules(inputs)],
  derive: (inputs, olds) =>
    inputs.cgroup === undefined ? inputs : { ...inputs, cgroup: withSlot(inputs.cgroup, olds["cgroup"]) },
  leaves: ["running", "succeeded"],
  defaulted: ["paused"],
  well,
  replaces: {
    host: byHost,
    image: byReference,
    cgroup: byPlace,
    command: byValue(),
    entrypoint: byValue(),
    env: byValue({}),
    workingDir: byValue(),
    user: byValue(),
    hostname: byValue(),
    network: byValue(),
    readOnly: byValue(false),
    wait: byValue("running"),
  },
  request: ({
    host: _,
    running: _running,
    succeeded: _succeeded,
    cgroup,
    stopTimeout,
    wait = "running",
    paused,
    ...rest
  }) => {
    const asked = Object.entries(rest).filter(([name]) => !limitNames.includes(name as keyof Limits));
    const resources = resourcesOf(rest);
    return {
      ...(Object.fromEntries(asked) as Omit<typeof rest, keyof Limits>),
      ...(cgroup !== undefined && { cgroup: { owner: cgroup.owner, contentKey: cgroup.contentKey } }),
      ...(resources !== undefined && { resources }),
      ...(stopTimeout !== undefined && { stopTimeoutMs: stopTimeout }),
      ...(paused === true && { paused }),
      wait,
    };
  },
  observed: ({ imageId, exitCode, oomKilled, pidsLimitReached }) =>
    compact({ imageId, exitCode, oomKilled, pidsLimitReached }),
  drift,
};

/** Who waits for the end of a job that stands still waits for ever. */
function pauseRules({ wait, paused }: Bag): Failure[] {
  return wait === "exit" && paused === true
    ? [{ path: ["paused"], reason: 'must not be true with wait "exit": the job would never end' }]
    : [];
}

/** A job has run and ended well; anything else runs. */
function well({ wait = "running", paused = false }: ContainerInputs): Partial<ContainerInputs> {
  // In preview the value may be the text that stands for unknown, and then so is what follows from it.
  if ((wait as string) === unknown) return { paused, running: unknown as unknown as boolean };
  return wait === "exit" ? { paused, running: false, succeeded: true } : { paused, running: true };
}

function drift(inputs: ContainerInputs, seen: AnswerOf<"containers">): ContainerInputs {
  const now = { ...(seen.resources === undefined ? inputs : limitsSeen(inputs, seen.resources)) };
  if (inputs.running !== undefined) now.running = seen.running;
  // What has ended is neither paused nor not.
  if (inputs.paused !== undefined && seen.running) now.paused = seen.paused;
  // A code that nobody could learn is no difference.
  if (inputs.succeeded !== undefined && seen.exitCode !== undefined) now.succeeded = seen.exitCode === 0;
  if (inputs.labels !== undefined && !same(inputs.labels, seen.labels ?? {})) now.labels = seen.labels ?? {};
  return now;
}
