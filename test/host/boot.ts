import { fork, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { makeGroups } from "./groups";

/** A host that runs. */
export interface Booted {
  /** Its process 1, as this machine numbers it. */
  readonly pid: number;
  /** The process that carries connections to it. */
  readonly keeper: number;
  /** The port on 127.0.0.1 where it is reached. */
  readonly port: number;
}

/** What a host is started from. */
export interface Prepared {
  /** Its folder, with etc/, var/ and root/. */
  readonly folder: string;
  readonly name: string;
  /** The unpacked Debian packages. */
  readonly packages: string;
  /** Folders of this machine that show at the same place. */
  readonly binds: readonly string[];
  /** Whether it outlives this process. */
  readonly keep: boolean;
}

/** Milliseconds until sshd has to listen; a busy machine with two processors needs far less. */
const deadline = 20_000;

/** Starts a host from its prepared folder and waits until its sshd listens. `port` is the wish for a port, 0 is none. */
export async function boot(host: Prepared, port: number): Promise<Booted> {
  const { folder, name, packages, binds } = host;
  const { groups, hierarchies } = await makeGroups(groupName(host));
  await writeFile(join(folder, "groups"), groups.map((group) => `${group}\n`).join(""));
  await writeFile(join(folder, "hierarchies"), hierarchies);
  const pid = await startInit(folder, ["groups", folder, packages, name, ...binds]);
  const [served] = await Promise.all([serve(host, pid, port), listening(folder, pid)]);
  return { pid, ...served };
}

/** The name of a host's groups; hosts of one name may run from several checkouts. */
export function groupName({ name, folder }: Pick<Prepared, "name" | "folder">): string {
  return `slipway-test-${name}-${createHash("sha256").update(folder).digest("hex").slice(0, 8)}`;
}

/** Starts process 1 and answers its pid as soon as it has namespaces of its own. */
async function startInit(folder: string, words: readonly string[]): Promise<number> {
  const log = openSync(join(folder, "init.log"), "w");
  const namespaces = ["--net", "--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child"];
  const child = spawn("unshare", [...namespaces, "sh", join(__dirname, "init.sh"), ...words], {
    stdio: ["ignore", "pipe", log],
    detached: true,
  });
  closeSync(log);
  child.unref();
  const { stdout } = child;
  const [first] = (await Promise.race([once(stdout as Readable, "data"), once(child, "close")])) as [unknown];
  stdout?.destroy();
  if (!Buffer.isBuffer(first)) throw await notStarted(folder);
  return Number(first.toString());
}

/** Opens the port and hands it to a keeper in the host's network. */
async function serve({ folder, keep }: Prepared, pid: number, wish: number): Promise<{ keeper: number; port: number }> {
  const server = createServer();
  const listen = async (port: number): Promise<unknown> => once(server.listen(port, "127.0.0.1"), "listening");
  // The wish is for the port of an earlier life, which somebody else may have by now.
  await listen(wish).catch(async () => listen(0));
  const { port } = server.address() as AddressInfo;
  const keeper = fork(join(__dirname, "keeper.mjs"), [folder], {
    execPath: "nsenter",
    execArgv: ["--target", String(pid), "--net", process.execPath],
    detached: true,
    stdio: ["ignore", keep ? "ignore" : "inherit", keep ? "ignore" : "inherit", "ipc"],
  });
  keeper.send("serve", server);
  await Promise.race([
    once(keeper, "message"),
    once(keeper, "exit").then(async () => Promise.reject(new Error("the keeper of a throw-away host ended at once"))),
  ]);
  server.close();
  if (keep) {
    await new Promise((resolve) => keeper.send("keep", resolve));
    keeper.disconnect();
  }
  keeper.unref();
  keeper.channel?.unref();
  return { keeper: keeper.pid ?? 0, port };
}

/** Waits until something listens on port 22 of the host. */
async function listening(folder: string, pid: number): Promise<void> {
  for (const end = Date.now() + deadline; Date.now() < end; await delay(5)) {
    const table = await readFile(`/proc/${pid}/net/tcp`, "utf8").catch(() => undefined);
    if (table === undefined) break;
    if (/: 00000000:0016 \S+ 0A /.test(table)) return;
  }
  throw await notStarted(folder);
}

async function notStarted(folder: string): Promise<Error> {
  const log = await readFile(join(folder, "init.log"), "utf8").catch(() => "");
  return new Error(`a throw-away host did not start: ${log.trim() || "it ended without a word"}`);
}
