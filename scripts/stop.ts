/** `npm run stop`: `pulumi destroy` on what `npm start` brought up, and the throw-away host removed. */
import { rm } from "node:fs/promises";
import { findHost, removeHost } from "../test/host";
import { fail, step } from "./progress";
import { Cli, environmentFile, hostName, stackName, stateFolder } from "./quickstart";

async function main(): Promise<void> {
  const host = await findHost(hostName);
  if (host) {
    const cli = await Cli.find();
    await cli.prepare(host);
    await cli.shown("destroy", "--yes", "--skip-preview");
    await cli.quiet("stack", "rm", stackName, "--yes");
  } else {
    // It was never started, or this machine was since: there is nothing to destroy, only files may be left.
    console.log("No throw-away host is running.");
  }
  await step("The throw-away host, removed", async () => removeHost(hostName));
  for (const left of [stateFolder, environmentFile]) await rm(left, { recursive: true, force: true });
}

main().catch(fail);
