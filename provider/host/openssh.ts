import { childTransport } from "./child";
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
  const judge = (exit: Exit, stderr: string): Exit => {
    if (exit.code !== sshFailed || /^debug1: .* rtype exit-status/m.test(stderr)) return exit;
    // The command was killed on the host; ssh does not say by which signal.
    if (/^debug1: .* rtype exit-signal/m.test(stderr)) return { code: undefined, signal: undefined };
    throw explainSsh(prepared.run, stderr);
  };
  const missing = () =>
    new SlipwayError("ssh_missing", '`transport: "openssh"` needs an ssh on PATH, and there is none', {
      wayOut: "Install OpenSSH's client, or leave `transport` out.",
    });
  const argv = (command: string): [string, ...string[]] => ["ssh", ...prepared.args, command];
  const { connectTimeout: connecting } = prepared.run;
  const program = { argv, judge, missing, clean: withoutChatter, kill: true, connecting };
  return childTransport(program, () => prepared.close());
}
