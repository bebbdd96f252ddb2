/**
 * `npm test`: everything there is to test, from nothing: the checks of `npm run check`, the agent on the real kernel,
 * throw-away hosts, the real Pulumi CLI on them, the package installed elsewhere, and a virtual machine. Ends with the
 * plain line `N passed, N failed`.
 */
import { spawnSync } from "node:child_process";
import { hostPackages } from "../test/host/packages";
import { bringPrograms } from "../test/programs";
import { guest } from "../test/vm";
import { build } from "./build";
import { checks } from "./checks";
import { missing } from "./needs";
import { fail, step } from "./progress";
import { findPulumi } from "./pulumi";
import { repository } from "./quickstart";
import { goTests, vitest } from "./suite-kinds";
import { runSuites, single } from "./suites";

async function main(): Promise<void> {
  const lacking = await missing();
  if (lacking.length > 0) throw new Error(`npm test cannot run here.\n- ${lacking.join("\n- ")}`);
  await step("The package, and the agents for amd64 and arm64", build);
  await step("Debian's sshd and busybox, unpacked", hostPackages);
  await bringPrograms();
  spawnSync(process.execPath, ["examples/quickstart/base.mjs"], { cwd: repository, stdio: "inherit" });
  // Both take minutes the first time and all processors. The checks go on beside them; tests, which watch the clock of
  // what they wait for, come after.
  const disk = settled(guest());
  const pulumi = settled(findPulumi());
  const built = Promise.allSettled([disk, pulumi]);
  const passed = await runSuites([
    ...checks(),
    vitest("host", { after: built }),
    goTests({ after: built }),
    vitest("unit", { after: built }),
    vitest("e2e", { after: built.then(async () => pulumi), weight: 2 }),
    vitest("vm", { after: built.then(async () => Promise.all([disk, pulumi])), weight: 2 }),
    single("The virtual machine's disk", done, { after: disk }),
    single("A Pulumi CLI", done, { after: pulumi }),
  ]);
  if (!passed) process.exitCode = 1;
}

/** For suites that are only about what they wait for. */
const done = async (): Promise<void> => Promise.resolve();

/** A promise whose failure is not an unhandled one, for whoever awaits it later. */
function settled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

main().catch(fail);
