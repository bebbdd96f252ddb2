import type { BundledFile } from "./bundle";
import { stepTimeout, within } from "./deadline";
import { SlipwayError } from "./errors";
import { agentFolder, safety } from "./folder";
import { readPreamble } from "./greeting";
import { type Privilege, type Reports, runAsRoot } from "./shell";
import type { Need } from "./start";
import { describeExit } from "./start-errors";
import { lastLines } from "./stderr";
import type { Channel, Transport } from "./transport";

/** Milliseconds without the host taking a byte. */
const stalled = 30_000;
/** Milliseconds for the host to unpack, verify and sync. */
const finish = 120_000;
/** Bytes that must stay free besides the files. */
const reserve = 1024 * 1024;

/**
 * Sends the files a host lacks, one after the other, so that one session at a time is enough. Two clients at once
 * do no harm: each writes under a name of its own and renames.
 */
export async function deliver(transport: Transport, privilege: Privilege, need: Need): Promise<void> {
  const wanted = need.missing.reduce((sum, file) => sum + file.size, 0);
  if (need.freeBytes < wanted + reserve) throw noSpace(wanted, need.freeBytes);
  for (const file of need.missing) await send(transport, privilege, need, file);
}

async function send(transport: Transport, privilege: Privilege, need: Need, file: BundledFile): Promise<void> {
  const bytes = await (need.gzip ? file.packed() : file.plain());
  const script = deliverScript(need.files[0].sha256, file, need.gzip);
  const { channel, reports } = await runAsRoot(transport, privilege, script);
  try {
    const printed = readPreamble(channel.stdout);
    printed.catch(() => undefined);
    await Promise.race([pour(channel, bytes), channel.exit]);
    const { text } = await within(finish, printed, () => stepTimeout("delivering the agent", finish));
    const exit = await within(finish, channel.exit, () => stepTimeout("delivering the agent", finish));
    const said = reports(text);
    if (!said.has("delivered")) throw explain(said, file, need, channel.stderr() || describeExit(exit));
  } catch (error) {
    channel.close();
    throw error;
  }
}

/** Writes the bytes and the end of file, giving up where the host takes none for a while. */
async function pour(channel: Channel, bytes: Buffer): Promise<void> {
  const step = 256 * 1024;
  for (let at = 0; at < bytes.length; at += step) {
    const taken = new Promise<void>((resolve, reject) => {
      channel.stdin.write(bytes.subarray(at, at + step), (error) => (error ? reject(error) : resolve()));
    });
    // A script that ended early says why; that its input is closed is no reason of its own.
    await within(
      stalled,
      taken.catch(() => undefined),
      () => stepTimeout("sending the agent", stalled),
    );
  }
  channel.stdin.end();
}

function explain(said: Reports, file: BundledFile, need: Need, stderr: string): SlipwayError {
  if (/No space left|Disk quota exceeded/i.test(stderr)) return noSpace(file.size, need.freeBytes);
  const wrong = said.get("digest")?.[0]?.[0];
  if (wrong !== undefined) {
    return new SlipwayError("delivery_failed", `${file.name} arrived with sha256 ${wrong} instead of ${file.sha256}`, {
      wayOut: "Nothing was kept of it. Something on the way or the host's memory or disk changes bytes.",
    });
  }
  return new SlipwayError(
    "delivery_failed",
    `${file.name} could not be put in place on the host: ${lastLines(stderr)}`,
  );
}

function noSpace(wanted: number, free: number): SlipwayError {
  const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e5) / 10} MB`;
  return new SlipwayError(
    "no_space",
    `the disk of /var/lib/slipway on the host is full: the agent takes ${megabytes(wanted)}, ${megabytes(free)} are free`,
    {
      wayOut: "Free some space there, or mount a larger file system at /var/lib/slipway.",
    },
  );
}

function deliverScript(version: string, file: BundledFile, packed: boolean): string {
  return `
folder=${agentFolder}/${version}
${safety}
(umask 077; mkdir -p ${agentFolder}) || exit 1
mkdir -p "$folder" && chmod 755 "$folder" || exit 1
part=$folder/.${file.name}.$mark
trap 'rm -f "$part"' EXIT
trap 'exit 1' HUP INT TERM PIPE
${packed ? "gzip -dc" : "cat"} >"$part" || exit 1
set -- $(sha256sum <"$part")
[ "$1" = ${file.sha256} ] || { say digest "$1"; exit 1; }
chmod 755 "$part" || exit 1
# Busybox of old syncs everything instead of one file; either way the bytes are on disk before they have their name.
sync "$part" 2>/dev/null || sync
mv -f "$part" "$folder/${file.name}" || exit 1
say delivered
${tidy}
`;
}

/**
 * Removes old versions: not the newest two, nothing a process still runs, nothing the boot service points to, and nothing
 * touched in the last ten minutes, which another client may be about to start.
 */
const tidy = `
cd ${agentFolder} || exit 0
running=$(ls -l /proc/[0-9]*/exe 2>/dev/null)
kept=0
for old in $(ls -1t); do
  case "$old" in *[!0-9a-f]*) continue ;; esac
  [ "\${#old}" = 64 ] || continue
  kept=$((kept + 1))
  [ "$kept" -gt 2 ] && [ "$old" != "\${folder##*/}" ] || continue
  case "$running" in *"/$old/"*) continue ;; esac
  grep -qs "$old" /etc/systemd/system/slipway.service && continue
  [ -n "$(find "$old" -prune -mmin +10)" ] && rm -rf "$old"
done
find . -name '.slipway-*' -mmin +60 -exec rm -f {} + 2>/dev/null
exit 0
`;
