import { SlipwayError } from "./errors";
import type { Reports } from "./shell";
import { lastLines, printable } from "./stderr";
import type { Exit } from "./transport";

/** Throws the error for a start that gave neither an agent nor a list of what to send. */
export function explainStart(said: Reports, exit: Exit, output: string, stderr: string): never {
  const one = (word: string): readonly string[] | undefined => said.get(word)?.[0];
  const system = one("system");
  const [uid, user] = one("user") ?? [];
  if (!system) throw noShell(exit, output, stderr);
  if (!said.has("root")) throw notRoot(user ?? `user ${uid}`, said, exit, stderr);
  const [kernel, machine] = system;
  if (kernel !== "Linux") {
    throw new SlipwayError("not_linux", `the host runs ${kernel}; containers need Linux`);
  }
  const unsafe = one("unsafe");
  if (unsafe) {
    const [folder, mode, owner] = unsafe;
    throw new SlipwayError(
      "folder_unsafe",
      `${folder || "/"} (${mode}, owner ${owner}) could be changed by others than root`,
      {
        wayOut: `The agent runs as root from below it. On the host: chown root ${folder || "/"} && chmod go-w ${folder || "/"}`,
      },
    );
  }
  const noexec = one("noexec");
  if (noexec) {
    throw new SlipwayError(
      "noexec",
      `${noexec[0]} on the host is mounted noexec, and the agent lives below it in /var/lib/slipway`,
      {
        wayOut: "Mount a file system without noexec at /var/lib/slipway.",
      },
    );
  }
  const readonly = one("readonly");
  if (readonly) {
    throw new SlipwayError(
      "delivery_failed",
      `${readonly[0]} on the host is mounted read-only, and /var/lib/slipway is below it`,
      {
        wayOut: "Mount a writable file system at /var/lib/slipway.",
      },
    );
  }
  const tool = one("tool");
  if (tool) {
    throw new SlipwayError("tool_missing", `the host has no ${tool[0]}, with which the agent's bytes are verified`, {
      wayOut: "Install coreutils or busybox on the host.",
    });
  }
  if (!said.has("ready")) {
    throw new SlipwayError(
      "architecture_unsupported",
      `the host's machine type is ${machine} (uname -m); there are agents for x86_64 and aarch64`,
    );
  }
  throw new SlipwayError("agent_failed", `the agent ended before it spoke (${describeExit(exit)})`, {
    wayOut: lastLines(stderr) || undefined,
  });
}

/** "status 3", "SIGKILL", or that nobody knows. */
export function describeExit({ code, signal }: Exit): string {
  return signal ?? (code === undefined ? "without a status" : `status ${code}`);
}

function noShell(exit: Exit, output: string, stderr: string): SlipwayError {
  const printed = lastLines(printable(output) + stderr) || "nothing";
  return new SlipwayError(
    "shell_noise",
    `the login shell did not run our command (${describeExit(exit)}); it printed: ${printed}`,
    {
      wayOut: "The user needs a login shell, with no ForceCommand and no menu in its way.",
    },
  );
}

function notRoot(user: string, said: Reports, exit: Exit, stderr: string): SlipwayError {
  if (said.has("sudo-off")) {
    return new SlipwayError(
      "sudo_refused",
      `${user} is not root on the host, and \`sudo: false\` forbids to become root`,
      {
        wayOut: "Log in as root, or leave `sudo` out: then `sudo -n` is used where it is needed.",
      },
    );
  }
  const missing = said.has("sudo-missing");
  const why = missing ? "there is no sudo" : lastLines(stderr, 2) || describeExit(exit);
  const line = /must have a tty/.test(why) ? `Defaults:${user} !requiretty` : `${user} ALL=(ALL) NOPASSWD: ALL`;
  return new SlipwayError("sudo_refused", `${user} is not root on the host, and \`sudo -n\` does not work: ${why}`, {
    wayOut: `Log in as root, or ${missing ? "install sudo and " : ""}give the user a line in sudoers: ${line}`,
  });
}
