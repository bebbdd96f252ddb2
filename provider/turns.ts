/** Lets actions of one name run one after the other, in the order they came; those of other names are not held up. */
export class Turns {
  private readonly last = new Map<string, Promise<void>>();

  /** Runs the action once all before it of the same name are over, however they ended. */
  async take<T>(name: string, action: () => Promise<T>): Promise<T> {
    const mine = (this.last.get(name) ?? Promise.resolve()).then(action);
    const over = mine.then(
      () => undefined,
      () => undefined,
    );
    this.last.set(name, over);
    try {
      return await mine;
    } finally {
      if (this.last.get(name) === over) this.last.delete(name);
    }
  }
}
