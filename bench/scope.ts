/** Undoes what a benchmark made, in reverse order, however it ends. */
export class Scope {
  readonly #undo: { what: string; how: () => void | Promise<void> }[] = [];

  /** Registers how to undo something that was just made; `what` names it should that fail. */
  defer(what: string, how: () => void | Promise<void>): void {
    this.#undo.push({ what, how });
  }

  /** Undoes everything, also where some of it fails; then throws what failed. */
  async close(): Promise<void> {
    const failed: string[] = [];
    for (let last = this.#undo.pop(); last; last = this.#undo.pop()) {
      try {
        await last.how();
      } catch (error) {
        failed.push(`${last.what}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    if (failed.length > 0) throw new Error(`left behind: ${failed.join("; ")}`);
  }
}
