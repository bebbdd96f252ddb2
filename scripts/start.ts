/** `npm start`: from a fresh clone to a container on a throw-away SSH host of this machine, by `pulumi up`. */
import { spawnSync } from "node:child_process";
import { createHost, findHost, type TestHost } from "../test/host";
import { hostPackages } from "../test/host/packages";
import { build } from "./build";
import { missing } from "./needs";
import { fail, step } from "./progress";
import { Cli, environmentFile, hostName, repository, typed } from "./quickstart";

async function main(): Promise<void> {
  const lacking = await missing();
  if (lacking.length > 0) throw new Error(`npm start cannot run here.\n- ${lacking.join("\n- ")}`);
  await step("The package, and the agents for amd64 and arm64", build);
  const cli = await step("A Pulumi CLI", async () => Cli.find());
  console.log(`  ${cli.description}`);
  await step("Debian's sshd and busybox, unpacked", async () => {
    await hostPackages();
    spawnSync(process.execPath, ["examples/quickstart/base.mjs", architecture()], {
      cwd: repository,
      stdio: "inherit",
    });
  });
  const { host, fresh } = await step("A throw-away host with an SSH server", theHost);
  await step("The stack's configuration", async () => cli.prepare(host));

  console.log(`\npulumi up\n`);
  // A host that was started anew has lost what ran on it, which only a look at it shows.
  await cli.shown("up", "--yes", "--skip-preview", ...(fresh ? ["--refresh"] : []));

  const page = await host.must("busybox wget -q -O - http://127.0.0.1:8080/");
  console.log(`\nThe container answers on port 8080 of the host:\n\n${page.replaceAll(/^/gm, "    ").trimEnd()}\n`);
  console.log(farewell(host));
}

/** The host of an earlier run, or a new one, or the one of an earlier run after this machine was started anew. */
async function theHost(): Promise<{ host: TestHost; fresh: boolean }> {
  const found = await findHost(hostName);
  return found
    ? { host: found, fresh: false }
    : { host: await createHost({ name: hostName, keep: true }), fresh: true };
}

function architecture(): string {
  return process.arch === "arm64" ? "arm64" : "amd64";
}

function farewell(host: TestHost): string {
  const environment = `. ${typed(environmentFile)}`;
  return `Three things to try next:

1. Look around on the host:      ssh -F ${typed(host.sshConfigFile)} ${host.name}
   Edit examples/quickstart/site/index.html, then
                                 ${environment} && pulumi preview      (and: pulumi up)
2. The same on your own server:  ${environment}
                                 pulumi stack init mine && pulumi config set address my-server && pulumi up
3. Take everything away again:   npm run stop`;
}

main().catch(fail);
