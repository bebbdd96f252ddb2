import { randomBytes } from "node:crypto";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";

import { type Program, type Settings, writeProgram } from "./program.js";
import type { TestHost } from "../host/index.js";
import { withEnvironment } from "./processes.js";
import { type Outcome, type Place, pulumiCli, repository, Run } from "./pulumi.js";

/** A resource as it stands in the state, as far as tests look at it. */
export interface StateResource {
  urn: string;
  type: string;
  id: string;
  delete?: boolean;
  inputs: Record<string, unknown>;
  outputs: Record<string, unknown>;
  initErrors?: string[];
}

/** Options of {@link Stack.create}. */
export interface StackOptions {
  /** More for the environment of the CLI and its plugins. */
  environment?: Record<string, string>;
  /** The host Pulumi itself runs on; this machine unless given. */
  inside?: TestHost | undefined;
  /** Where the folder goes; in the repository unless given. A place elsewhere has no `pulumi-slipway` by itself. */
  parent?: string;
  /** The folder of the program within the one that was copied; the copied one itself unless given. */
  within?: string | undefined;
  /** Installs what the copied folder needs. */
  prepare?(folder: string): Promise<void>;
}

const engineCommands = ["up", "preview", "refresh", "destroy"];

/** A throw-away Pulumi stack: a program, a state folder and a Pulumi home that it shares with nobody. */
export class Stack {
  private constructor(
    private readonly folder: string,
    private readonly place: Place,
    /** The stack's name; unlike that of any other, so that several can share a host. */
    readonly name: string,
  ) {}

  /** Makes a stack with a program. Nothing is brought up yet. */
  static async create<S extends Settings>(
    program: Program<S>,
    settings: S,
    options: StackOptions = {},
  ): Promise<Stack> {
    const stack = await Stack.empty(options);
    await stack.write(program, settings);
    await stack.initialise();
    return stack;
  }

  /** Makes a stack whose program is a copy of a folder, but for what is named in `without`. */
  static async ofFolder(source: string, options: StackOptions = {}, without: string[] = []): Promise<Stack> {
    const stack = await Stack.empty(options);
    const copy = join(stack.folder, "program");
    const filter = (path: string): boolean => !without.includes(relative(source, path));
    try {
      await cp(source, copy, { recursive: true, verbatimSymlinks: true, filter });
      await options.prepare?.(copy);
      await stack.initialise();
    } catch (error) {
      await stack.dispose();
      throw error;
    }
    return stack;
  }

  private static async empty(options: StackOptions): Promise<Stack> {
    const { environment = {}, inside, parent, within = "" } = options;
    const base = parent ?? join(repository, ".state/e2e");
    await mkdir(base, { recursive: true });
    const folder = await mkdtemp(join(base, "stack-"));
    const { folder: cli } = await pulumiCli();
    const place = {
      cli,
      program: join(folder, "program", within),
      state: join(folder, "state"),
      home: join(folder, "home"),
      mark: randomBytes(8).toString("hex"),
      environment: { ...environment },
      inside,
    };
    for (const part of [place.program, place.state, place.home]) await mkdir(part, { recursive: true });
    return new Stack(folder, place, `s${place.mark}`);
  }

  private async initialise(): Promise<void> {
    await this.pulumi("stack", "init", this.name);
  }

  /** The folder of the program. */
  get program(): string {
    return this.place.program;
  }

  /** The folder of the state; every file the backend writes is below it. */
  get state(): string {
    return this.place.state;
  }

  /** Puts another program, or other settings for the same, in the place of the one that is there. */
  async write<S extends Settings>(program: Program<S>, settings: S): Promise<void> {
    await writeProgram(this.place.program, program, settings);
  }

  /** Copies a folder over the program's. */
  async overlay(source: string): Promise<void> {
    await cp(source, this.place.program, { recursive: true, verbatimSymlinks: true });
  }

  /** The same stack from a copy of the program's folder at another path, as a second person's checkout. */
  async checkout(): Promise<Stack> {
    const program = join(this.folder, `checkout-${randomBytes(4).toString("hex")}`);
    await cp(this.place.program, program, { recursive: true, verbatimSymlinks: true });
    const other = new Stack(this.folder, { ...this.place, program }, this.name);
    await other.pulumi("stack", "select", this.name);
    return other;
  }

  /** Sets more environment for the runs to come; undefined takes a name away. */
  setEnvironment(more: Record<string, string | undefined>): void {
    Object.assign(this.place.environment, more);
  }

  /** Starts a command without waiting for it. */
  start(...words: string[]): Run {
    const engine = engineCommands.includes(words[0] ?? "");
    const given = engine && words[0] !== "preview" ? [...words, "--yes", "--skip-preview"] : words;
    return new Run(this.place, given, engine);
  }

  /** Runs a command to its end. Rejects with everything it printed unless it ends with 0. */
  async pulumi(...words: string[]): Promise<Outcome> {
    const outcome = await this.start(...words).outcome;
    if (outcome.code !== 0) throw new Error(`pulumi ${words.join(" ")} ended with ${outcome.code}:\n${outcome.output}`);
    return outcome;
  }

  /** Runs a command that has to fail. Rejects if it does not. */
  async failing(...words: string[]): Promise<Outcome> {
    const outcome = await this.start(...words).outcome;
    if (outcome.code === 0) throw new Error(`pulumi ${words.join(" ")} should have failed:\n${outcome.output}`);
    return outcome;
  }

  /** `pulumi up`, without the preview. */
  async up(...flags: string[]): Promise<Outcome> {
    return this.pulumi("up", ...flags);
  }

  /** `pulumi preview`. */
  async preview(...flags: string[]): Promise<Outcome> {
    return this.pulumi("preview", ...flags);
  }

  /** `pulumi refresh`, without the preview. */
  async refresh(...flags: string[]): Promise<Outcome> {
    return this.pulumi("refresh", ...flags);
  }

  /** `pulumi destroy`, without the preview. */
  async destroy(...flags: string[]): Promise<Outcome> {
    return this.pulumi("destroy", ...flags);
  }

  /** The resources in the state that are Slipway's, pending deletes included. */
  async resources(): Promise<StateResource[]> {
    const { output } = await this.pulumi("stack", "export");
    const { deployment } = JSON.parse(output) as { deployment: { resources?: StateResource[] } };
    return (deployment.resources ?? []).filter((r) => r.type.startsWith("pulumi-nodejs:dynamic/slipway:"));
  }

  /** The one resource of a type and name in the state that is not about to be deleted. */
  async resource(type: string, name: string): Promise<StateResource> {
    const found = (await this.resources()).filter(
      (r) => r.type.endsWith(`:${type}`) && r.urn.endsWith(`::${name}`) && r.delete !== true,
    );
    if (found.length !== 1 || found[0] === undefined) throw new Error(`${found.length} × ${type} ${name} in the state`);
    return found[0];
  }

  /** The stack's outputs, secrets in plain. */
  async outputs(): Promise<Record<string, unknown>> {
    const { output } = await this.pulumi("stack", "output", "--json", "--show-secrets");
    return JSON.parse(output) as Record<string, unknown>;
  }

  /** Lets a stack go on whose last run was killed: takes away the lock it left. */
  async unlock(): Promise<void> {
    await this.pulumi("cancel", "--yes");
  }

  /** Ends every process of the stack that still runs. */
  killProcesses(): void {
    for (const pid of withEnvironment("SLIPWAY_TEST_STACK", this.place.mark)) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It ended by itself.
      }
    }
  }

  /** Ends what still runs and removes the folder. What the stack made on a host stays there. */
  async dispose(): Promise<void> {
    this.killProcesses();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Writes a file below the program's folder. */
  async writeFile(path: string, content: string | Uint8Array): Promise<void> {
    await mkdir(join(this.place.program, path, ".."), { recursive: true });
    await writeFile(join(this.place.program, path), content);
  }
}
