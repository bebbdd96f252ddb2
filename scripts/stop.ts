/** `npm run stop`: `pulumi destroy` on what `npm start` brought up, and the throw-away host removed. */
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { findHost, removeHost } from "../test/host";
import { endLeftovers } from "./leftovers";
import { fail, step } from "./progress";
import { alone, Cli, environmentFile, homeFolder, hostName, stackName, stateFolder, typed } from "./quickstart";

async function main(): Promise<void> {
  await endLeftovers(homeFolder);
  const others = existsSync(stateFolder) ? await takeStackAway() : [];
  await step("The throw-away host, removed", async () => removeHost(hostName));
  if (others.length === 0) {
    for (const left of [stateFolder, environmentFile]) await rm(left, { recursive: true, force: true });
  } else {
    console.log(keeping(others));
  }
}

/** Destroys what our stack holds, removes it, and answers the names of other stacks in its state. */
async function takeStackAway(): Promise<string[]> {
  const cli = await Cli.find();
  const host = await findHost(hostName);
  if (host) {
    await cli.prepare(host);
    await cli.shown("destroy", "--yes", "--skip-preview", "--remove");
  } else {
    // It was never started, or this machine was since: there is nothing to destroy.
    console.log("No throw-away host is running.");
  }
  const stacks = await cli.stacks();
  if (stacks.includes(stackName)) await cli.quiet("stack", "rm", stackName, "--yes", "--force");
  return stacks.filter((name) => name !== stackName);
}

/** What is said where the state knows of more: without it nobody could take that away from its hosts. */
function keeping(stacks: readonly string[]): string {
  const environment = `. ${typed(environmentFile)}`;
  return `Kept in ${typed(stateFolder)} for other stacks that you made: ${stacks.join(", ")}. To take those away too:
${stacks.map((name) => `     ${environment} && pulumi destroy --remove --stack ${name}`).join("\n")}
     npm run stop`;
}

alone(main).catch(fail);
