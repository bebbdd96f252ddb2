import { stepTimeout, within } from "./deadline";
import type { Architecture, Bundle, BundledFile } from "./bundle";
import { type Greeting, readPreamble } from "./greeting";
import { agentFolder, safety } from "./folder";
import { explainStart } from "./start-errors";
import { type Privilege, type Reports, runAsRoot } from "./shell";
import type { Channel, Transport } from "./transport";

/** How the first look at a host ended. */
export type Start =
  /** The agent was there and whole, and now speaks. */
  | { readonly kind: "serving"; readonly channel: Channel; readonly greeting: Greeting }
  /** These files have to be sent first. */
  | { readonly kind: "incomplete"; readonly need: Need };

/** What a host lacks. */
export interface Need {
  /** The agent and the monitor for this host's machine type, whether missing or not. */
  readonly files: readonly [agent: BundledFile, monitor: BundledFile];
  readonly missing: readonly BundledFile[];
  /** Free bytes of the disk the files go to. */
  readonly freeBytes: number;
  /** Whether the host can unpack gzip. */
  readonly gzip: boolean;
}

/** Milliseconds for login shell, sudo and hashing two files on a slow machine. */
const working = 30_000;

/**
 * Looks at the host and, where both files are there with the right sha256, becomes the agent, all in one command: the
 * usual case costs one session and one start of a shell. Rejects with a SlipwayError that says what the host lacks.
 */
export async function startAgent(transport: Transport, privilege: Privilege, bundle: Bundle): Promise<Start> {
  const deadline = transport.connecting + working;
  const { channel, reports } = await runAsRoot(transport, privilege, startScript(bundle));
  try {
    const seen = await within(deadline, readPreamble(channel.stdout), () =>
      stepTimeout("starting the agent", deadline),
    );
    const said = reports(seen.text);
    if (seen.greeting) return { kind: "serving", channel, greeting: seen.greeting };
    channel.stdin.end();
    const exit = await within(deadline, channel.exit, () => stepTimeout("looking at the host", deadline));
    return { kind: "incomplete", need: needOf(said, bundle) ?? explainStart(said, exit, seen.text, channel.stderr()) };
  } catch (error) {
    channel.close();
    throw error;
  }
}

/** What uname(1) prints as machine, in our words. */
const machines: Readonly<Record<string, Architecture>> = {
  x86_64: "amd64",
  amd64: "amd64",
  aarch64: "arm64",
  arm64: "arm64",
};

function needOf(said: Reports, bundle: Bundle): Need | undefined {
  const files = bundle.files[machines[said.get("system")?.[0]?.[1] ?? ""] ?? "amd64"];
  const missing = files?.filter(({ name }) => said.get("missing")?.some(([word]) => word === name)) ?? [];
  if (!files || missing.length === 0) return undefined;
  const freeBytes = Number(said.get("free")?.[0]?.[0] ?? Infinity) * 1024;
  return { files, missing, freeBytes, gzip: said.has("gzip") };
}

function startScript(bundle: Bundle): string {
  const cases = Object.entries(machines).flatMap(([machine, architecture]) => {
    const files = bundle.files[architecture];
    if (!files) return [];
    const [agent, monitor] = files;
    return [`${machine}) agent=${agent.sha256} monitor=${monitor.sha256} ;;`];
  });
  return `
[ "$(uname -s)" = Linux ] || exit 0
case "$(uname -m)" in
${cases.join("\n")}
*) exit 0 ;;
esac
folder=${agentFolder}/$agent
${safety}
command -v sha256sum >/dev/null 2>&1 || { say tool sha256sum; exit 0; }
missing=
check() {
  if [ -f "$folder/$1" ] && [ -x "$folder/$1" ]; then
    case "$(sha256sum <"$folder/$1")" in "$2 "*) return ;; esac
  fi
  say missing "$1"
  missing=1
}
check slipway-agent "$agent"
check slipway-monitor "$monitor"
if [ -z "$missing" ]; then
  touch "$folder"
  say ready
  exec "$folder/slipway-agent" serve
fi
say free "$(df -Pk "$near" | { read -r _; read -r _ _ _ free _; echo "$free"; })"
command -v gzip >/dev/null 2>&1 && say gzip
exit 0
`;
}
