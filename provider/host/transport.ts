import type { Readable, Writable } from "node:stream";

/** How a command ended: with a status, or by a signal. Both are undefined where the far side did not say. */
export interface Exit {
  readonly code: number | undefined;
  /** With SIG, for example "SIGKILL". */
  readonly signal: string | undefined;
}

/**
 * One running command on the host. Whoever has a channel reads `stdout` to its end or calls `close`; otherwise `exit`
 * need not settle, because the far side waits for its bytes to be taken.
 */
export interface Channel {
  /** The standard input. Ending it is the end of file there. */
  readonly stdin: Writable;
  /** The standard output, paused until somebody reads. */
  readonly stdout: Readable;
  /** What came on the standard error so far, bounded and printable. */
  stderr(): string;
  /**
   * Resolves when the command has ended. Rejects with a SlipwayError where it was never started or where the
   * connection broke; with the openssh transport that is how a host that cannot be reached shows.
   */
  readonly exit: Promise<Exit>;
  /** Ends the channel from this side; the command finds its standard input and output closed. */
  close(): void;
}

/**
 * A way to a host: ssh2.ts, openssh.ts and local.ts. There are three things to do with it, and all else in this folder
 * is built on them: a script is a command that reads itself from its standard input (shell.ts), a file goes to the
 * standard input of a script (deliver.ts), and the session with the agent is one long command (link.ts).
 *
 * What callers guarantee: `command` is a single line without single quotes other than around the whole argument of
 * `sh -c`, and without `!` or backslash, so that every login shell (sh, bash, fish, tcsh) passes it on unchanged. There
 * are at most a few commands at a time, since sshd allows ten by default.
 */
export interface Transport {
  /** Starts a command. Rejects with a SlipwayError. Resolving does not yet mean that the far side accepted it. */
  exec(command: string): Promise<Channel>;
  /** Milliseconds that a command may need to begin, where each connects anew; else 0. */
  readonly connecting: number;
  /** Keeps the process alive as long as the transport is open; so it begins. */
  ref(): void;
  /** Lets the process end although the transport is open. */
  unref(): void;
  /** Ends the connection and every channel. */
  close(): void;
}
