import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

import { findPulumi, type Pulumi, stateIn } from "../../scripts/pulumi.js";
import type { TestHost } from "../host/index.js";
import { type Events, readEvents } from "./events.js";

/** The repository's root. */
export const repository = join(__dirname, "../..");

/** What came of one run of the CLI. */
export interface Outcome extends Events {
  /** The command's status, or the signal that ended it. */
  code: number | string;
  /** Everything it printed, standard output and error as they came. */
  output: string;
}

/** Where one stack keeps its things; no two stacks share any. */
export interface Place {
  /** The folder of the CLI, undefined where it is on PATH. */
  cli: string | undefined;
  /** The folder of the program. */
  program: string;
  /** The folder of the state. */
  state: string;
  /** Pulumi's home. */
  home: string;
  /** A word in the environment of every process of this stack, by which they are found. */
  mark: string;
  /** More for the environment. */
  environment: Record<string, string>;
  /** Where it runs; default this machine. */
  inside?: TestHost | undefined;
}

let found: Promise<Pulumi> | undefined;

/** The CLI that is tried; looked for once. */
export async function pulumiCli(): Promise<Pulumi> {
  found ??= findPulumi();
  return found;
}

/** The environment of the CLI: nothing of the person's own but what programs need to run at all. */
export function environment(place: Place): NodeJS.ProcessEnv {
  const { LANG = "C.UTF-8", TMPDIR, SLIPWAY_AGENT_DIR, PATH = "" } = process.env;
  return {
    LANG,
    TMPDIR,
    // A developer's own agents.
    SLIPWAY_AGENT_DIR,
    PATH: place.cli === undefined ? PATH : `${place.cli}:${PATH}`,
    HOME: place.home,
    PULUMI_HOME: join(place.home, ".pulumi"),
    PULUMI_BACKEND_URL: stateIn(place.state),
    PULUMI_CONFIG_PASSPHRASE: "passphrase of a throw-away stack",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    // Without it the CLI knows no --event-log.
    PULUMI_DEBUG_COMMANDS: "true",
    SLIPWAY_TEST_STACK: place.mark,
    ...place.environment,
  };
}

/** One run of the CLI that can be ended from outside. */
export class Run {
  /** Settles when the CLI has ended; never rejects. */
  readonly outcome: Promise<Outcome>;
  private readonly child: ChildProcess;
  private readonly log: string;

  /** Starts `pulumi` with the words given; with `events` it writes an event log, which only engine commands can. */
  constructor(place: Place, words: string[], events: boolean) {
    this.log = join(place.home, `events-${randomUUID()}.json`);
    const all = [...words, "--non-interactive", "--color=never", ...(events ? ["--event-log", this.log] : [])];
    // A process group of its own, so that a signal to it is what a terminal's ^C is.
    const directory = place.program;
    this.child =
      place.inside === undefined
        ? spawn("pulumi", all, { cwd: directory, env: environment(place), detached: true })
        : place.inside.enter(["pulumi", ...all], { directory, environment: environment(place) });
    this.child.stdin?.end();
    let output = "";
    const add = (bytes: Buffer): void => void (output += bytes.toString());
    this.child.stdout?.on("data", add);
    this.child.stderr?.on("data", add);
    this.outcome = new Promise((resolve) => {
      this.child.on("error", (error) => resolve({ ...readEvents(this.log), code: "error", output: String(error) }));
      this.child.on("close", (code, signal) =>
        resolve({ ...readEvents(this.log), code: code ?? signal ?? "?", output }),
      );
    });
  }

  /** Waits until the events so far fulfil a condition. Rejects if the run ends before they do. */
  async until(condition: (events: Events) => boolean): Promise<void> {
    while (!condition(readEvents(this.log))) {
      const ended = await Promise.race([this.outcome, setTimeout(5)]);
      if (ended === undefined || condition(ended)) continue;
      throw new Error(`the run ended with ${ended.code} before what was waited for:\n${ended.output}`);
    }
  }

  /** ^C: once asks the engine to finish what runs, twice makes it stop. */
  interrupt(): void {
    this.signal("SIGINT");
  }

  /** SIGKILL to the CLI; its plugins are left to themselves. */
  kill(): void {
    this.signal("SIGKILL");
  }

  private signal(signal: NodeJS.Signals): void {
    if (this.child.pid === undefined || this.child.exitCode !== null || this.child.signalCode !== null) return;
    process.kill(-this.child.pid, signal);
  }
}
