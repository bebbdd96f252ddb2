import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { createVm } from "../test/vm";
import { type Sandbox, assigned, workingFolder } from "./sandbox";
import type { Scope } from "./scope";

const run = promisify(execFile);

/**
 * The virtual machine of test/vm as a sandbox: Debian 12 with systemd, and control groups of version 2 alone. A processor
 * that is emulated is some twenty times slower, and not by the same factor at everything, so that only ratios mean anything.
 */
export async function guest(scope: Scope): Promise<Sandbox> {
  const folder = await workingFolder(scope);
  const vm = await createVm();
  scope.defer("virtual machine", () => vm.close());
  // One connection for all: in the emulation each would take half a second of key exchange.
  const ssh = ["-F", vm.sshConfigFile, "-o", `ControlPath=${join(vm.folder, "control")}`, vm.name] as const;
  const master = spawn("ssh", ["-N", "-o", "ControlMaster=yes", ...ssh], { stdio: ["ignore", "ignore", "inherit"] });
  const ended = once(master, "close");
  scope.defer("connection", async () => {
    master.kill();
    await ended;
  });
  const reached = async (): Promise<boolean> =>
    run("ssh", ["-O", "check", ...ssh]).then(
      () => true,
      () => false,
    );
  while (!(await reached())) {
    if (master.exitCode !== null) throw new Error("the virtual machine cannot be reached");
    await delay(100);
  }
  const command: Sandbox["command"] = (words, environment = {}) => [
    "ssh",
    ...ssh,
    `exec ${[...assigned(environment), ...words].map(quoted).join(" ")}`,
  ];
  await run("ssh", [...ssh, `mkdir -p ${quoted(folder)}`]);
  return {
    command,
    folder,
    bring: async (path) => {
      const send = 'tar -C / -c "$0" | "$@"';
      await run("sh", ["-c", send, path.slice(1), ...command(["tar", "-C", "/", "-x", "--same-permissions"])]);
    },
  };
}

/** A word as a shell reads it back. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
