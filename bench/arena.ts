import { dirname } from "node:path";
import { type Contestant, assemble } from "./contestant";
import { floor } from "./floor";
import { subgroups } from "./groups";
import { guest } from "./guest";
import { hybrid, oci } from "./oci";
import type { Options } from "./options";
import { makeRootfs } from "./rootfs";
import { type Sandbox, sandbox } from "./sandbox";
import type { Scope } from "./scope";
import { type Slipway, contestant, slipway } from "./slipway";

/** What all contestants share. */
export interface Field {
  /** Where they run, and where Debian's crun does. */
  common: Sandbox;
  crun: Sandbox;
  rootfs: string;
  ours: Slipway;
  /** The name of a group in each hierarchy, for those of the others, and its folders. */
  group: string;
  groups: string[];
}

/** Makes a sandbox or a guest, with a root file system and our agent in it, warmed up. */
export async function field(scope: Scope, options: Options): Promise<Field> {
  const common = options.guest ? await guest(scope) : await sandbox(scope);
  const hidden = !options.guest && hybrid();
  const crun = hidden ? { ...(await sandbox(scope, { unified: false })), folder: common.folder } : common;
  const rootfs = await makeRootfs(common.folder);
  await common.bring(rootfs);
  const ours = await slipway(scope, common, rootfs);
  const group = `slipway-bench-${process.pid}`;
  // After our agent, which has switched on the controllers of version 2 in what is above.
  const groups = await subgroups(scope, common, group);
  return { common, crun, rootfs, ours, group, groups };
}

/** All contestants that can run here, on one field. */
export async function arena(
  scope: Scope,
  options: Options,
): Promise<{ contestants: Contestant[]; notes: string[]; ours: Slipway }> {
  const { common, crun, rootfs, ours, group, groups } = await field(scope, options);
  // The floor is born in the same hierarchies as ours, the peers in those they choose.
  const entered = await ours.hierarchies();
  const assembled = await assemble([
    () => Promise.resolve(contestant(ours)),
    () => oci(scope, common, "runc", rootfs, group),
    () => oci(scope, crun, "crun", rootfs, group),
    () =>
      floor(
        common,
        rootfs,
        groups.filter((path) => entered.includes(dirname(path))),
      ),
  ]);
  return { ...assembled, ours };
}
