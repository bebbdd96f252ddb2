/**
 * Owners and permissions as COPY in a Dockerfile takes them (`--chown`, `--chmod`). They live in the SDK because they are
 * part of a layer's content, and so of its content key; the provider's check uses the same functions.
 */

/** A user and a group by number. */
export interface Ownership {
  /** The user's id. */
  readonly uid: number;
  /** The group's id. */
  readonly gid: number;
}

/** The largest id: the one above it, (uid_t) -1, means "leave it" to chown(2). */
const largestId = 2 ** 32 - 2;

/**
 * Reads `1000:1000`, or `1000` for the same number twice, as a string or a number. Undefined for anything else: a layer has
 * no /etc/passwd of its own in which a name could be looked up.
 */
export function parseChown(written: unknown): Ownership | undefined {
  const text = typeof written === "number" ? String(written) : written;
  const found = typeof text === "string" ? /^(\d{1,10})(?::(\d{1,10}))?$/.exec(text) : null;
  if (found === null) return undefined;
  const [uid, gid] = [Number(found[1]), Number(found[2] ?? found[1])];
  return uid <= largestId && gid <= largestId ? { uid, gid } : undefined;
}

/** What becomes of permission bits, given what they are on and whether that is a folder. */
export type Chmod = (mode: number, isFolder: boolean) => number;

/**
 * Reads `755` or `0755`, or symbolic changes as chmod(1) takes them, such as `u=rwX,go=rX`. Undefined for anything else. A
 * number is not taken, because 755 is not what 0o755 is.
 */
export function parseChmod(written: unknown): Chmod | undefined {
  if (typeof written !== "string") return undefined;
  if (/^[0-7]{3,4}$/.test(written)) {
    const mode = parseInt(written, 8);
    return () => mode;
  }
  const changes = written.split(",").map(parseChange);
  if (changes.includes(undefined)) return undefined;
  return (mode, isFolder) => changes.reduce((now, change) => change?.(now, isFolder) ?? now, mode);
}

/** The set-user-id, set-group-id or sticky bit and the three of reading, writing and executing, by whom they are for. */
const bits = {
  u: { r: 0o400, w: 0o200, x: 0o100, s: 0o4000, t: 0 },
  g: { r: 0o040, w: 0o020, x: 0o010, s: 0o2000, t: 0 },
  o: { r: 0o004, w: 0o002, x: 0o001, s: 0, t: 0o1000 },
} as const;

/** One clause of a symbolic mode, such as `go=rX` or `+x-w`. Without a letter for whom, it is for all. */
function parseChange(clause: string): Chmod | undefined {
  const [, whom = "", operations = ""] = /^([ugoa]*)((?:[-+=][rwxXst]*)+)$/.exec(clause) ?? [];
  if (operations === "") return undefined;
  const all = whom === "" || whom.includes("a");
  const meant = (["u", "g", "o"] as const).filter((letter) => all || whom.includes(letter));
  const steps = [...operations.matchAll(/([-+=])([rwxXst]*)/g)].map(([, operator = "", letters = ""]) => ({
    operator,
    letters: letters.split("") as ("r" | "w" | "x" | "X" | "s" | "t")[],
  }));
  return (mode, isFolder) => {
    let now = mode;
    for (const { operator, letters } of steps) {
      const executable = isFolder || (now & 0o111) !== 0;
      const named = letters.flatMap((letter) => (letter === "X" ? (executable ? ["x" as const] : []) : [letter]));
      const of = (each: readonly ("r" | "w" | "x" | "s" | "t")[]): number =>
        meant.reduce((sum, letter) => each.reduce((total, bit) => total | bits[letter][bit], sum), 0);
      // Like GNU's chmod, which leaves these bits of folders alone where they are not named.
      if (operator === "=") now &= ~of(isFolder ? ["r", "w", "x", "t"] : ["r", "w", "x", "s", "t"]);
      now = operator === "-" ? now & ~of(named) : now | of(named);
    }
    return now;
  };
}
