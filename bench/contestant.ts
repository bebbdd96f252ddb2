/** One way to run `/bin/true` of the same root file system in a container. */
export interface Contestant {
  /** "slipway", "runc", "crun" or "floor". */
  readonly name: string;
  /** Starts one container and answers the milliseconds until it had ended, by the row they belong to. */
  start(): Promise<Record<string, number>>;
  /** Milliseconds of the last start by what they were spent on, where a contestant says that itself. */
  phases?: () => Record<string, number>;
  /** Starts `count` containers, `atOnce` at a time, and answers the seconds it took. */
  rush(count: number, atOnce: number): Promise<number>;
}

/** Thrown where a contestant cannot run on this machine; the message says why and what would help. */
export class Unavailable extends Error {
  override readonly name = "Unavailable";
}

/** Makes each contestant, leaving out those that cannot run here and noting why. */
export async function assemble(
  makers: readonly (() => Promise<Contestant>)[],
): Promise<{ contestants: Contestant[]; notes: string[] }> {
  const contestants: Contestant[] = [];
  const notes: string[] = [];
  for (const make of makers) {
    try {
      contestants.push(await make());
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      notes.push(`left out: ${error.message}`);
    }
  }
  return { contestants, notes };
}
