import type { ChildProcessWithoutNullStreams } from "node:child_process";
import type { Socket } from "node:net";
import { reason, SlipwayError } from "./errors";
import { Stderr } from "./stderr";
import type { Channel, Exit } from "./transport";

/** A local process that carries a command: the shell of this machine, or the system's ssh. */
export class Child implements Channel {
  readonly stdin;
  readonly stdout;
  readonly exit: Promise<Exit>;
  private readonly errors: Stderr;

  /**
   * `judge` is asked when the process has ended and may throw a SlipwayError; `missing` is the error for a program that
   * is not installed; `clean` takes out of the standard error what is not the command's.
   */
  constructor(
    private readonly child: ChildProcessWithoutNullStreams,
    judge: (exit: Exit, stderr: string) => void,
    missing: () => SlipwayError,
    private readonly clean: (stderr: string) => string = (stderr) => stderr,
  ) {
    this.stdin = child.stdin;
    this.stdout = child.stdout;
    this.errors = new Stderr(child.stderr);
    // Writing to a process that has ended is no news: its end is.
    child.stdin.on("error", () => undefined);
    this.exit = new Promise((resolve, reject) => {
      child.once("error", (error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") reject(missing());
        else reject(new SlipwayError("agent_failed", `a process cannot be started: ${reason(error)}`));
      });
      child.once("close", (code, signal) => {
        const exit = { code: code ?? undefined, signal: signal ?? undefined };
        try {
          judge(exit, this.errors.text());
          resolve(exit);
        } catch (error) {
          reject(error as Error);
        }
      });
    });
    this.exit.catch(() => undefined);
  }

  stderr(): string {
    return this.clean(this.errors.text());
  }

  close(): void {
    this.child.stdin.destroy();
    this.child.stdout.destroy();
    this.child.stderr.destroy();
    this.child.kill();
  }

  /** Whether the process keeps ours alive. Its pipes count as well as itself. */
  hold(held: boolean): void {
    const pipes = [this.child.stdin, this.child.stdout, this.child.stderr] as unknown as Socket[];
    for (const handle of [this.child, ...pipes]) {
      if (held) handle.ref();
      else handle.unref();
    }
  }
}

/** The processes of one transport. */
export class Children {
  private readonly running = new Set<Child>();
  private held = true;

  /** Counts a process in until it has ended. */
  add(child: Child): Child {
    this.running.add(child);
    child.hold(this.held);
    const ended = (): unknown => this.running.delete(child);
    child.exit.then(ended, ended);
    return child;
  }

  hold(held: boolean): void {
    this.held = held;
    for (const child of this.running) child.hold(held);
  }

  close(): void {
    for (const child of this.running) child.close();
  }
}
