import { createHash } from "node:crypto";
import type { z } from "zod";
import { isBag } from "./bag";
import { byContent, byHost } from "./changed";
import { asked, found, groupShape } from "./cgroup-settings";
import { host } from "./connection";
import type { Definition } from "./definition";
import { flag, text } from "./fields";
import { digest, reference } from "./reference";
import { members } from "./schema";
import { holdsUnknown, unknown } from "./unknown";

const shape = {
  owner: text("must be the owner of the resource"),
  host,
  parent: reference("a Cgroup").exactOptional(),
  ...groupShape,
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
  derive: (inputs) => ({ ...inputs, contentKey: contentKeyOf(inputs) }),
  leaves: ["intact"],
  well: () => ({ intact: true }),
  replaces: { host: byHost, contentKey: byContent },
  request: ({ owner, contentKey = "", parent, ...settings }) => ({
    owner,
    contentKey,
    ...(parent !== undefined && { parent }),
    resources: asked(settings),
  }),
  observed: ({ path, version }) => ({ path, version }),
  drift: (inputs, { intact, resources }) => {
    const now = intact ? found(inputs, resources) : { ...inputs };
    if ("intact" in inputs && !intact) now.intact = false;
    return now;
  },
};

/** A digest of the groups above, unknown while any of them is: a group that gets another parent is another group. */
function contentKeyOf({ parent }: CgroupInputs): string {
  if (holdsUnknown(parent)) return unknown;
  const above = isBag(parent) ? [parent.owner, parent.contentKey] : [];
  return `sha256:${createHash("sha256").update(JSON.stringify(above)).digest("hex")}`;
}
