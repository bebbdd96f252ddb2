/** The stack that `npm start` brings up and `npm run stop` takes away: where it lives and how it is driven. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import type { TestHost } from "../test/host";
import { command } from "./command";
import { findPulumi, pulumiEnvironment } from "./pulumi";

/** The repository's root, where Pulumi.yaml lies. */
export const repository = join(__dirname, "..");
/** Pulumi's state and home for it. */
export const stateFolder = join(repository, ".state/start");
/** A file for a person's shell, after which plain `pulumi` means this stack. */
export const environmentFile = join(repository, ".state/pulumi.sh");
/** The name of the throw-away host. */
export const hostName = "quickstart";
/** The name of the stack. */
export const stackName = "dev";

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
    const [code, signal] = (await once(child, "close")) as [number | null, string | null];
    if (code !== 0) throw new Error(`pulumi ${words.join(" ")} ended with ${code ?? signal}; its words are above.`);
  }

  /** Makes the stack, or finds it, and points it at a host. */
  async prepare(host: TestHost): Promise<void> {
    await this.quiet("stack", "select", stackName, "--create");
    const { address, ...ssh } = host.connection;
    const wanted = { "quickstart:address": address, "slipway:ssh": JSON.stringify(ssh) };
    const set = JSON.parse(await this.quiet("config", "--json")) as Record<string, { value?: string }>;
    for (const [key, value] of Object.entries(wanted)) {
      if (set[key]?.value !== value) await this.quiet("config", "set", key, value);
    }
  }
}

/** A path as a person in the repository's root would type it. */
export function typed(path: string): string {
  return relative(repository, path);
}
