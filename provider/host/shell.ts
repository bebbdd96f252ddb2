import { randomBytes } from "node:crypto";
import type { Channel, Transport } from "./transport";

/** A script that runs on the host. Its standard input after the script's text is still free to use. */
export interface RunningScript {
  readonly channel: Channel;
  /** Reads the reports out of what the script printed. */
  readonly reports: (output: string) => Reports;
}

/** What a script said with `say`: for each word the arguments of each time it was said. */
export type Reports = ReadonlyMap<string, readonly (readonly string[])[]>;

/**
 * The command under which every script runs, the same for every login shell: sh reads the script from its standard
 * input, so that nothing of it needs quoting, shows in `ps`, or meets a limit on the length of arguments. The first line
 * reads the others, up to a mark. `read` takes byte by byte, so what follows stays in the pipe.
 */
const command = "exec /bin/sh -c 'IFS= read -r line; eval \"$line\"'";

/**
 * What every script begins with: `say WORD ARGUMENTS...` reports to us, on a line that login noise cannot be mistaken
 * for. sh, dash and busybox understand all of it.
 */
const prelude = `
LC_ALL=C; PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"; export LC_ALL PATH
umask 022
cd /
say() { printf '\\n%s %s\\n' "$mark" "$*"; }
`;

/** How a script becomes root: not at all where it is already; else by `sudo -n` where that is allowed. */
export type Privilege = "sudo" | "none";

function becomeRoot(privilege: Privilege): string {
  return `
if [ "$0" != slipway-root ]; then
  say system "$(uname -s)" "$(uname -m)"
  say user "$(id -u)" "$(id -un)"
  if [ "$(id -u)" != 0 ]; then
    ${privilege === "none" ? "say sudo-off; exit 0" : ""}
    command -v sudo >/dev/null 2>&1 || { say sudo-missing; exit 0; }
    exec sudo -n -u root /bin/sh -c "mark=$mark$lf$script" slipway-root
  fi
fi
say root
`;
}

/** Starts a script as root on the host. `body` is POSIX sh. */
export async function runAsRoot(transport: Transport, privilege: Privilege, body: string): Promise<RunningScript> {
  const mark = `slipway-${randomBytes(8).toString("hex")}`;
  const end = `${mark}-end`;
  const text = prelude + becomeRoot(privilege) + body;
  const reader = [
    `mark=${mark}`,
    "lf=$(printf '\\n.')",
    "lf=${lf%.}",
    "script=",
    `while IFS= read -r line && [ "$line" != ${end} ]; do script="$script$line$lf"; done`,
    'eval "$script"',
  ].join("; ");
  const channel = await transport.exec(command);
  channel.stdin.write(`${reader}\n${text}${end}\n`);
  return { channel, reports: (output) => readReports(output, mark) };
}

function readReports(output: string, mark: string): Reports {
  const reports = new Map<string, string[][]>();
  for (const line of output.split("\n")) {
    const [first, word, ...rest] = line.replace(/\r$/, "").split(" ");
    if (first === mark && word !== undefined) reports.set(word, [...(reports.get(word) ?? []), rest]);
  }
  return reports;
}
