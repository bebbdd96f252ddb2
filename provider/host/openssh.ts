import { spawn } from "node:child_process";
import { Child, Children } from "./child";
import type { HostConnection } from "./connection";
import { SlipwayError } from "./errors";
import { prepareSsh } from "./ssh-arguments";
import { explainSsh, withoutChatter } from "./ssh-errors";
import type { Exit, Transport } from "./transport";

/** What ssh itself ends with when it, rather than the command, has failed. */
const sshFailed = 255;

/**
 * Reaches a host with the system's own ssh, so that whatever `ssh HOST` reaches is reached: ssh_config, ProxyJump,
 * certificates, security keys. Each command is one ssh process with a connection of its own, or with the user's
 * ControlMaster where one runs. There is no ControlMaster of ours, because it would outlive us if we were killed;
 * these end with their standard input. In the usual case a host needs one command.
 */
export async function connectOpenssh(connection: HostConnection): Promise<Transport> {
  const prepared = await prepareSsh(connection);
  const children = new Children();
  const judge = (exit: Exit, stderr: string): void => {
    if (exit.code === sshFailed) throw explainSsh(prepared.run, stderr);
  };
  const missing = () =>
    new SlipwayError("ssh_missing", '`transport: "openssh"` needs an ssh on PATH, and there is none', {
      wayOut: "Install OpenSSH's client, or leave `transport` out.",
    });
  return {
    exec: (command) => {
      const child = spawn("ssh", [...prepared.args, command], { stdio: "pipe", windowsHide: true });
      return Promise.resolve(children.add(new Child(child, judge, missing, withoutChatter)));
    },
    ref: () => children.hold(true),
    unref: () => children.hold(false),
    close: () => {
      children.close();
      prepared.close();
    },
  };
}
