/** The stack that `npm start` brings up and `npm run stop` takes away: where it lives and how it is driven. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join, relative } from "node:path";
import type { TestHost } from "../test/host";
import { command } from "./command";
import { withLock } from "./lock";
import { findPulumi, pulumiEnvironment } from "./pulumi";

/** The repository's root, where Pulumi.yaml lies. */
export const repository = join(__dirname, "..");
/** Pulumi's state and home for it. */
export const stateFolder = join(repository, ".state/start");
/** Pulumi's home in there, as {@link pulumiEnvironment} makes it. */
export const homeFolder = join(stateFolder, "home");
/** A file for a person's shell, after which plain `pulumi` means this stack. */
export const environmentFile = join(repository, ".state/pulumi.sh");
/** The name of the throw-away host. */
export const hostName = "quickstart";
/** The name of the stack. */
export const stackName = "dev";

/** Does the work of `npm start` or `npm run stop`, after any other of this checkout has ended. */
export async function alone(work: () => Promise<void>): Promise<void> {
  const waits = setTimeout(() => console.log("Waiting for another npm start or npm run stop to end ..."), 1000);
  await withLock(join(repository, ".tools/quickstart.lock"), async () => {
    clearTimeout(waits);
    await work();
  });
}

/** Runs the CLI in the repository's root: quietly, or with its own output shown. */
export class Cli {
  private constructor(
    /** What it is, for people. */
    readonly description: string,
    private readonly environment: NodeJS.ProcessEnv,
  ) {}

  /** Finds a CLI and points it at our state; throws where there is none to be had. */
  static async find(): Promise<Cli> {
    const pulumi = await findPulumi();
    await mkdir(stateFolder, { recursive: true });
    // Nothing in this state is secret; the passphrase only has to be there.
    const environment = await pulumiEnvironment(pulumi, stateFolder, "quickstart");
    const names = Object.keys(environment).filter((name) => /^(PULUMI_|PATH$)/.test(name));
    const lines = names
      .filter((name) => environment[name] !== process.env[name])
      .map((name) => {
        const value = environment[name];
        if (value === undefined) return `unset ${name}`;
        return name === "PATH" ? `export PATH='${pulumi.folder ?? ""}':"$PATH"` : `export ${name}='${value}'`;
      });
    await writeFile(environmentFile, `${lines.join("\n")}\n`);
    return new Cli(pulumi.description, environment);
  }

  /** Runs a command and answers its standard output. Error: what it printed. */
  async quiet(...words: string[]): Promise<string> {
    return command("pulumi", [...words, "--non-interactive"], { cwd: repository, env: this.environment });
  }

  /** Runs a command in the terminal. Error: that it failed; the reason is on the screen. */
  async shown(...words: string[]): Promise<void> {
    const child = spawn("pulumi", words, { cwd: repository, env: this.environment, stdio: "inherit" });
    // A ^C reaches the CLI too, which then ends in order: left alone, it would leave its lock in the state.
    const wait = (): void => undefined;
    process.on("SIGINT", wait);
    const [code, signal] = (await once(child, "close")) as [number | null, string | null];
    process.off("SIGINT", wait);
    if (code !== 0) throw new Error(`pulumi ${words.join(" ")} ended with ${code ?? signal}; its words are above.`);
  }

  /** The names of the stacks in our state: ours, and those somebody made beside it. */
  async stacks(): Promise<string[]> {
    const stacks = JSON.parse(await this.quiet("stack", "ls", "--json")) as readonly { name: string }[];
    return stacks.map(({ name }) => name);
  }

  /** Makes the stack, or finds it, and points it at a host. */
  async prepare(host: TestHost): Promise<void> {
    await this.quiet("stack", "select", stackName, "--create");
    if (await lockIsStale()) await this.quiet("cancel", stackName, "--yes");
    const { address, ...ssh } = host.connection;
    const wanted = { "quickstart:address": address, "slipway:ssh": JSON.stringify(ssh) };
    const set = JSON.parse(await this.quiet("config", "--json")) as Record<string, { value?: string }>;
    for (const [key, value] of Object.entries(wanted)) {
      if (set[key]?.value !== value) await this.quiet("config", "set", key, value);
    }
  }
}

/** Whether the stack is locked by CLIs of this machine that are gone: killed, or cut off with the machine. */
async function lockIsStale(): Promise<boolean> {
  const folder = join(stateFolder, "state/.pulumi/locks/organization/quickstart", stackName);
  const files = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(".json"));
  const gone = await Promise.all(
    files.map(async (file) => {
      const lock = JSON.parse(await readFile(join(folder, file), "utf8")) as { pid: number; hostname: string };
      // Empty for one that was killed and that nobody has waited for yet.
      const words = await readFile(`/proc/${lock.pid}/cmdline`, "utf8").catch(() => "");
      return lock.hostname === hostname() && !words.includes("pulumi");
    }),
  );
  return gone.length > 0 && gone.every(Boolean);
}

/** A path as a person in the repository's root would type it. */
export function typed(path: string): string {
  return relative(repository, path);
}
