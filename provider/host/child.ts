import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { Socket } from "node:net";
import { reason, SlipwayError } from "./errors";
import { Stderr } from "./stderr";
import type { Channel, Exit, Transport } from "./transport";

/** A transport in which each command is a process of this machine: its own shell, or the system's ssh. */
export interface ChildProgram {
  /** The program and its arguments for a command. */
  argv(command: string): readonly [program: string, ...args: string[]];
  /** How the command ended, given how the process did. Throws a SlipwayError where that was no end of the command. */
  judge(exit: Exit, stderr: string): Exit;
  /** The error for a program that is not installed. */
  missing(): SlipwayError;
  /** Takes out of the standard error what is not the command's. */
  clean(stderr: string): string;
  /** Whether the process has to be killed when its channel is closed, because the command is another one. */
  readonly kill: boolean;
  /** See {@link Transport.connecting}. */
  readonly connecting: number;
}

/** Makes such a transport; `closed` is called once, when it is closed. */
export function childTransport(program: ChildProgram, closed: () => void = () => undefined): Transport {
  const running = new Set<Child>();
  let held = true;
  let open = true;
  const hold = (now: boolean): void => {
    held = now;
    for (const child of running) child.hold(now);
  };
  return {
    connecting: program.connecting,
    exec: (command) => {
      if (!open) return Promise.reject(new SlipwayError("connection_lost", "the connection was closed"));
      const child = new Child(program, command);
      running.add(child);
      child.hold(held);
      const ended = (): unknown => running.delete(child);
      child.exit.then(ended, ended);
      return Promise.resolve(child);
    },
    ref: () => hold(true),
    unref: () => hold(false),
    close: () => {
      if (!open) return;
      open = false;
      for (const child of running) child.close();
      closed();
    },
  };
}

class Child implements Channel {
  readonly stdin;
  readonly stdout;
  readonly exit: Promise<Exit>;
  private readonly process: ChildProcessWithoutNullStreams;
  private readonly errors: Stderr;

  constructor(
    private readonly program: ChildProgram,
    command: string,
  ) {
    const [file, ...args] = program.argv(command);
    this.process = spawn(file, args, { stdio: "pipe", windowsHide: true });
    this.stdin = this.process.stdin;
    this.stdout = this.process.stdout;
    this.errors = new Stderr(this.process.stderr);
    // Writing to a process that has ended is no news: its end is.
    this.stdin.on("error", () => undefined);
    this.exit = this.ended();
    this.exit.catch(() => undefined);
  }

  private ended(): Promise<Exit> {
    return new Promise((resolve, reject) => {
      this.process.once("error", (error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") reject(this.program.missing());
        else reject(new SlipwayError("agent_failed", `a process cannot be started: ${reason(error)}`));
      });
      this.process.once("close", (code, signal) => {
        try {
          resolve(this.program.judge({ code: code ?? undefined, signal: signal ?? undefined }, this.errors.text()));
        } catch (error) {
          reject(error instanceof Error ? error : new Error(reason(error)));
        }
      });
    });
  }

  stderr(): string {
    return this.program.clean(this.errors.text());
  }

  close(): void {
    for (const pipe of this.pipes()) pipe.destroy();
    if (this.program.kill) this.process.kill();
    else this.process.unref();
  }

  /** Whether the process keeps ours alive. Its pipes count as well as itself. */
  hold(held: boolean): void {
    for (const handle of [this.process, ...this.pipes()]) {
      if (held) handle.ref();
      else handle.unref();
    }
  }

  private pipes(): Socket[] {
    const { stdin, stdout, stderr } = this.process;
    // Node's types hide what pipes to a process are.
    return [stdin, stdout, stderr].filter((pipe) => pipe instanceof Socket);
  }
}
