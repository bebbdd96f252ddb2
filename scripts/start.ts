/** `npm start`: from a fresh clone to a container on a throw-away SSH host of this machine, by `pulumi up`. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createHost, findHost } from "../test/host";
import { hostPackages } from "../test/host/packages";
import { build } from "./build";
import { missing } from "./needs";
import { fail, step } from "./progress";
import { alone, Cli, environmentFile, hostName, repository, stateFolder, typed } from "./quickstart";

async function main(): Promise<void> {
  const lacking = await missing();
  if (lacking.length > 0) throw new Error(`npm start cannot run here.\n- ${lacking.join("\n- ")}`);
  const again = existsSync(stateFolder);
  await step("The package, and the agents for amd64 and arm64", build);
  const cli = await Cli.find();
  console.log(`✓ Pulumi CLI ${cli.description}`);
  await step("Debian's sshd and busybox, unpacked", async () => {
    await hostPackages();
    spawnSync(process.execPath, ["examples/quickstart/base.mjs", architecture()], {
      cwd: repository,
      stdio: "inherit",
    });
  });
  const found = await findHost(hostName);
  const host =
    found ??
    (await step("A throw-away host with an SSH server", async () => createHost({ name: hostName, keep: true })));
  await step("The stack's configuration", async () => cli.prepare(host));

  console.log(`\npulumi up\n`);
  // After this machine was started anew the host has been too, and has lost what ran on it. Only a look at it shows that.
  await cli.shown("up", "--yes", "--skip-preview", ...(found === undefined && again ? ["--refresh"] : []));

  const page = await host.must("busybox wget -q -O - http://127.0.0.1:8080/");
  console.log(`\nThe container answers on port 8080 of the host:\n\n${page.replaceAll(/^/gm, "    ").trimEnd()}\n`);
  console.log(farewell());
}

function architecture(): string {
  return process.arch === "arm64" ? "arm64" : "amd64";
}

function farewell(): string {
  const environment = `. ${typed(environmentFile)}`;
  return `Three things to try next:

1. Edit examples/quickstart/site/index.html and see what that means for the host:
     ${environment} && pulumi preview
2. Do the same on a server of your own, whatever \`ssh my-server\` reaches:
     ${environment} && pulumi stack init mine && pulumi config set address my-server && pulumi up
3. Take it all away again:
     npm run stop`;
}

alone(main).catch(fail);
