/** One thing the command line can do. */
export interface Command {
  /** Its first word. */
  readonly name: string;
  /** Words and options in one line, without the program's name. */
  readonly usage: string;
  /** What it does, in half a line. */
  readonly summary: string;
  /** The rest of what `--help` prints. */
  readonly help: string;
  /** Does it, with the words after its name. */
  run(words: string[]): Promise<void>;
}

/** Something was asked for that there is not; the exit code is 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Whether a thrown value says that the command line is wrong, ours or node:util's. */
export function isUsageError(value: unknown): boolean {
  if (!(value instanceof Error)) return false;
  return value.name === "UsageError" || ("code" in value && String(value.code).startsWith("ERR_PARSE_ARGS"));
}
