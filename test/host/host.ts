import { type ChildProcess, execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { access, copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { boot, type Booted, groupName, type Prepared } from "./boot";
import { enter, type EnterOptions, type Result, run } from "./enter";
import { writeEtc } from "./etc";
import { makeKey, publicKey } from "./keys";
import { hostPackages } from "./packages";
import { difference, type Snapshot, takeSnapshot } from "./snapshot";

const repository = join(__dirname, "../..");
const execute = promisify(execFile);

/** How a host is made; everything has a default. */
export interface HostOptions {
  /** Its host name and the name of its folder below .state/hosts; default a fresh one. */
  readonly name?: string;
  /** Lines of sshd_config(5) that come before Debian's. */
  readonly sshdConfig?: readonly string[];
  /** Folders of this machine that show in the host at the same place, besides this repository. */
  readonly binds?: readonly string[];
  /** Whether the host outlives this process, to be found again by {@link findHost}; default false. */
  readonly keep?: boolean;
}

/** How a host is reached: what the Host resource takes. */
export interface Connection {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly identityFile: string;
  readonly hostKey: readonly string[];
}

/** What is written down of a host, so that another process finds it. */
type Record = Prepared & Booted;

/**
 * Makes a throw-away Linux host and waits until its sshd listens: about 0.2 s on an idle machine. With the name of a
 * host that is on disk but does not run, that one is started again, as after a power cut. Needs root and Linux.
 */
export async function createHost(options: HostOptions = {}): Promise<TestHost> {
  if (process.platform !== "linux" || process.getuid?.() !== 0) {
    throw new Error("a throw-away host needs Linux and root, for its namespaces and mounts");
  }
  const { name = `host-${randomBytes(4).toString("hex")}`, keep = false, sshdConfig = [] } = options;
  const folder = folderOf(name);
  const packages = await hostPackages();
  const earlier = await readRecord(folder);
  if (earlier !== undefined) {
    if (await runs(earlier)) throw new Error(`a throw-away host ${name} runs already`);
    await remove(folder, "keep");
  } else {
    // Something half-made by a call that was cut off.
    await remove(folder);
    await mkdir(join(folder, "root"), { recursive: true });
    await mkdir(join(folder, "var"));
    await Promise.all([
      writeEtc(join(folder, "etc"), name, packages, sshdConfig),
      makeKey(join(folder, "client"), packages),
      makeKey(join(folder, "host-key"), packages),
    ]);
    await copyFile(join(folder, "host-key"), join(folder, "etc/ssh/ssh_host_ed25519_key"));
  }
  const binds = [repository, ...hiddenNode(), ...(options.binds ?? [])];
  return TestHost.start({ folder, name, packages, binds, keep }, earlier?.port ?? 0);
}

/** The running host of that name, whichever process made it; undefined if there is none. */
export async function findHost(name: string): Promise<TestHost | undefined> {
  const record = await readRecord(folderOf(name));
  if (record === undefined || !(await runs(record))) return undefined;
  return new TestHost(record, await publicKey(join(record.folder, "host-key")));
}

/** Removes the host of that name, whether it runs, and whatever process made it; nothing is done where there is none. */
export async function removeHost(name: string): Promise<void> {
  const folder = folderOf(name);
  const record = await readRecord(folder);
  if (record !== undefined && (await isKeeper(record))) process.kill(record.keeper, "SIGKILL");
  await remove(folder);
}

/** A Linux host in namespaces of its own. Users: root, `deploy` with `sudo` and no password, `guest` without `sudo`. */
export class TestHost {
  constructor(
    private record: Record,
    private readonly hostKey: string,
  ) {}

  /** Boots a prepared folder; `port` is the port it had before, 0 is none. */
  static async start(prepared: Prepared, port: number): Promise<TestHost> {
    try {
      const record = { ...prepared, ...(await boot(prepared, port)) };
      const host = new TestHost(record, await publicKey(join(record.folder, "host-key")));
      await host.write();
      return host;
    } catch (error) {
      await remove(prepared.folder, "keep");
      throw error;
    }
  }

  /** Its host name. */
  get name(): string {
    return this.record.name;
  }

  /** Where everything of it lies on this machine; its /var/lib/slipway is `var` in there. */
  get folder(): string {
    return this.record.folder;
  }

  /** Its process 1, as this machine numbers it. */
  get pid(): number {
    return this.record.pid;
  }

  /** How root reaches it. */
  get connection(): Connection {
    return this.connectionAs("root");
  }

  /** How one of its users reaches it. */
  connectionAs(user: "root" | "deploy" | "guest"): Connection {
    const { port } = this.record;
    return { address: "127.0.0.1", port, user, identityFile: join(this.folder, "client"), hostKey: [this.hostKey] };
  }

  /** A known_hosts file that holds it, and nothing else. */
  get knownHostsFile(): string {
    return join(this.folder, "known_hosts");
  }

  /** An ssh_config file in which it goes by its name, as root. */
  get sshConfigFile(): string {
    return join(this.folder, "ssh_config");
  }

  /** Runs a line of sh as root inside, without SSH. */
  async exec(command: string, options?: EnterOptions): Promise<Result> {
    return run(this.folder, ["sh", "-c", command], options);
  }

  /** As {@link exec}; throws with what was printed unless it ends with 0, and answers its standard output. */
  async must(command: string, options?: EnterOptions): Promise<string> {
    const { code, stdout, stderr } = await this.exec(command, options);
    if (code !== 0) throw new Error(`${command}: ended with ${code}: ${stderr || stdout}`);
    return stdout;
  }

  /** Starts a program as root inside, without SSH; it dies with the process answered, which leads its own group. */
  enter(command: readonly string[], options?: EnterOptions): ChildProcess {
    return enter(this.folder, command, options);
  }

  /** What is on it now. */
  async snapshot(): Promise<Snapshot> {
    const network = await this.exec("busybox ip addr; if command -v nft >/dev/null; then nft list ruleset; fi");
    const groups = (await readFile(join(this.folder, "groups"), "utf8")).trim().split("\n");
    return takeSnapshot(this.pid, groups, network.stdout);
  }

  /**
   * Waits until it is as it was in an earlier snapshot, and answers what still differs after the time given
   * (milliseconds): nothing, if all is well. Sessions need a moment to end.
   */
  async settled(before: Snapshot, time = 20_000): Promise<string[]> {
    const end = Date.now() + time;
    for (;;) {
      const differences = difference(before, await this.snapshot());
      if (differences.length === 0 || Date.now() > end) return differences;
      await delay(50);
    }
  }

  /** A power cut and a start: what was in memory is lost; /var/lib/slipway, keys and port stay. */
  async reboot(): Promise<void> {
    if (await isKeeper(this.record)) process.kill(this.record.keeper, "SIGKILL");
    await remove(this.folder, "keep");
    this.record = (await TestHost.start(this.record, this.record.port)).record;
  }

  /** Removes it and all its traces. */
  async close(): Promise<void> {
    await removeHost(this.name);
  }

  private async write(): Promise<void> {
    const { address, port, user, identityFile } = this.connection;
    await writeFile(this.knownHostsFile, `[${address}]:${port} ${this.hostKey}\n`);
    const settings = {
      HostName: address,
      Port: port,
      User: user,
      IdentityFile: identityFile,
      IdentitiesOnly: "yes",
      UserKnownHostsFile: this.knownHostsFile,
      StrictHostKeyChecking: "yes",
    };
    const lines = Object.entries(settings).map(([name, value]) => `  ${name} ${value}\n`);
    await writeFile(this.sshConfigFile, `Host ${this.name}\n${lines.join("")}`);
    await writeFile(join(this.folder, "host.json"), `${JSON.stringify(this.record, null, 2)}\n`);
  }
}

function folderOf(name: string): string {
  return join(repository, ".state/hosts", name);
}

async function readRecord(folder: string): Promise<Record | undefined> {
  const text = await readFile(join(folder, "host.json"), "utf8").catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Record);
}

async function runs(record: Record): Promise<boolean> {
  const groups = await readFile(`/proc/${record.pid}/cgroup`, "utf8").catch(() => "");
  return groups.includes(`/${groupName(record)}`) && (await isKeeper(record));
}

/** A process number may belong to another process by now, but no other has these words. */
async function isKeeper({ keeper, folder }: Record): Promise<boolean> {
  const words = await readFile(`/proc/${keeper}/cmdline`, "utf8").catch(() => "");
  return words.includes(`keeper.mjs\0${folder}\0`);
}

async function remove(folder: string, keep?: "keep"): Promise<void> {
  if (!(await exists(folder))) return;
  await execute("sh", [join(__dirname, "remove.sh"), folder, ...(keep ? [keep] : [])]);
}

/** Node's own folder, where it lies in a home folder, which hosts do not show. */
function hiddenNode(): string[] {
  const prefix = dirname(dirname(process.execPath));
  const homes = ["/home/", "/root/", `${homedir()}/`];
  return homes.some((home) => prefix.startsWith(home)) ? [prefix] : [];
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
