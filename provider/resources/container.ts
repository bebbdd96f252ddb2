import type { z } from "zod";
import type { AnswerOf } from "../api";
import { byHost, byPlace, byReference, byValue, same } from "./changed";
import { host } from "./connection";
import type { Definition } from "./definition";
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
  rules: limitRules,
  derive: (inputs, olds) =>
    inputs.cgroup === undefined ? inputs : { ...inputs, cgroup: withSlot(inputs.cgroup, olds["cgroup"]) },
  leaves: ["running", "succeeded"],
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
  request: ({ host: _, running: _running, succeeded: _succeeded, cgroup, stopTimeout, wait = "running", ...rest }) => {
    const asked = Object.entries(rest).filter(([name]) => !limitNames.includes(name as keyof Limits));
    const resources = resourcesOf(rest);
    return {
      ...(Object.fromEntries(asked) as Omit<typeof rest, keyof Limits>),
      ...(cgroup !== undefined && { cgroup: { owner: cgroup.owner, contentKey: cgroup.contentKey } }),
      ...(resources !== undefined && { resources }),
      ...(stopTimeout !== undefined && { stopTimeoutMs: stopTimeout }),
      wait,
    };
  },
  observed: ({ imageId, exitCode }) => ({ imageId, ...(exitCode !== undefined && { exitCode }) }),
  drift,
};

/** A job has run and ended well; anything else runs. */
function well({ wait = "running" }: ContainerInputs): Partial<ContainerInputs> {
  // In preview the value may be the text that stands for unknown, and then so is what follows from it.
  if ((wait as string) === unknown) return { running: unknown as unknown as boolean };
  return wait === "exit" ? { running: false, succeeded: true } : { running: true };
}

function drift(inputs: ContainerInputs, seen: AnswerOf<"containers">): ContainerInputs {
  const now = { ...(seen.resources === undefined ? inputs : limitsSeen(inputs, seen.resources)) };
  if (inputs.running !== undefined) now.running = seen.running;
  // A code that nobody could learn is no difference.
  if (inputs.succeeded !== undefined && seen.exitCode !== undefined) now.succeeded = seen.exitCode === 0;
  if (inputs.labels !== undefined && !same(inputs.labels, seen.labels ?? {})) now.labels = seen.labels ?? {};
  return now;
}
