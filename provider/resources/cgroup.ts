import { createHash } from "node:crypto";
import type { z } from "zod";
import type { Bag } from "./bag";
import { byContent, byHost } from "./changed";
import { asked, found, groupRules, groupShape } from "./cgroup-settings";
import { host } from "./connection";
import type { Definition } from "./definition";
import { flag, text } from "./fields";
import { digest, groupReference, withSlot } from "./reference";
import { members } from "./schema";
import { holdsUnknown, unknown } from "./unknown";

const shape = {
  owner: text("must be the owner of the resource"),
  host,
  parent: groupReference().exactOptional(),
  ...groupShape,
  paused: flag().exactOptional(),
  contentKey: digest().exactOptional(),
  intact: flag().exactOptional(),
};
const schema = members("must be the inputs of a Cgroup", shape);

/** The canonical inputs of a Cgroup. */
export type CgroupInputs = z.output<typeof schema>;

/** A control group that containers are put below. All of its settings change in place. */
export const cgroup: Definition<"cgroups", CgroupInputs> = {
  resource: "cgroups",
  schema,
  inputs: Object.keys(shape) as (keyof typeof shape)[],
  rules: groupRules,
  derive,
  leaves: ["intact"],
  defaulted: ["paused"],
  well: ({ paused = false }) => ({ paused, intact: true }),
  replaces: { host: byHost, contentKey: byContent },
  request: ({ owner, contentKey = "", parent, paused, ...settings }) => ({
    owner,
    contentKey,
    ...(parent !== undefined && { parent: { owner: parent.owner, contentKey: parent.contentKey } }),
    resources: asked(settings),
    ...(paused === true && { paused }),
  }),
  observed: ({ path, version }) => ({ path, version }),
  drift: (inputs, { intact, paused, resources }) => {
    const now = intact ? found(inputs, resources) : { ...inputs };
    if ("intact" in inputs && !intact) now.intact = false;
    if ("paused" in inputs && intact) now.paused = paused;
    return now;
  },
};

/** Its content key is a digest of the groups above, unknown while any of them is: in another one it is another group. */
function derive(inputs: CgroupInputs, olds: Bag): CgroupInputs {
  const parent = inputs.parent && withSlot(inputs.parent, olds["parent"]);
  const above = parent === undefined ? [] : [parent.contentKey, parent.slot];
  const contentKey = holdsUnknown(parent)
    ? unknown
    : `sha256:${createHash("sha256").update(JSON.stringify(above)).digest("hex")}`;
  return { ...inputs, ...(parent !== undefined && { parent }), contentKey };
}
