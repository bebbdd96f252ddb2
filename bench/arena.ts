import { dirname } from "node:path";
import { type Contestant, assemble } from "./contestant";
import { floor } from "./floor";
import { hierarchies, subgroups } from "./groups";
import { hybrid, oci } from "./oci";
import { makeRootfs } from "./rootfs";
import { sandbox } from "./sandbox";
import type { Scope } from "./scope";
import { type Slipway, contestant, slipway } from "./slipway";

/** All contestants that can run here, in one sandbox, with the same root file system, warmed up. */
export async function arena(scope: Scope): Promise<{ contestants: Contestant[]; notes: string[]; ours: Slipway }> {
  const common = await sandbox(scope);
  const rootfs = await makeRootfs(common.folder);
  const ours = await slipway(scope, common, rootfs);
  const group = `slipway-bench-${process.pid}`;
  const made = await subgroups(scope, group, hierarchies());
  // The floor is born in the same hierarchies as ours, the peers in those they choose.
  const groups = made.filter((path) => ours.hierarchies.includes(dirname(path)));
  const withoutUnified = hybrid() ? { ...(await sandbox(scope, { unified: false })), folder: common.folder } : common;
  const assembled = await assemble([
    () => Promise.resolve(contestant(ours)),
    () => oci(scope, common, "runc", rootfs, group),
    () => oci(scope, withoutUnified, "crun", rootfs, group),
    () => floor(common, rootfs, groups),
  ]);
  return { ...assembled, ours };
}
