import type { Readable } from "node:stream";

/** As much of a terminal as the command makes use of: what a person would see of the bytes that a stream brings. */
export class Terminal {
  /** What stands on it, down to the cursor. */
  lines: string[] = [];
  /** Its modes that were switched, by number, and whether they are on; all of those are on in a fresh terminal. */
  readonly modes = new Map<string, boolean>();
  /** How often lines were drawn over, or the screen from its top. */
  draws = 0;
  private screen = [""];
  private row = 0;
  private column = 0;
  private unread = "";
  private watch: () => void = () => undefined;

  constructor(stream: Readable) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      this.unread += text;
      this.read();
      this.watch();
    });
  }

  /** Waits until something holds of it. */
  async until(holds: (terminal: this) => boolean): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`the terminal shows\n${this.lines.join("\n")}`)), 60_000);
      this.watch = () => {
        if (!holds(this)) return;
        clearTimeout(timer);
        this.watch = () => undefined;
        resolve();
      };
      this.watch();
    });
  }

  private read(): void {
    for (;;) {
      const found = /^(?:\x1b\[(\??)(\d*)([A-Za-z])|([^\x1b]))/su.exec(this.unread);
      if (found === null) break;
      this.unread = this.unread.slice(found[0].length);
      const [, secret, number = "", letter, character] = found;
      if (character !== undefined) this.put(character);
      else if (secret === "?") this.modes.set(number, letter === "h");
      else this.obey(letter ?? "", Number(number || 1));
    }
    this.lines = this.screen.slice(0, this.row + 1).map((line) => line.trimEnd());
    if (this.lines.at(-1) === "") this.lines.pop();
  }

  private put(character: string): void {
    if (character === "\r") this.column = 0;
    else if (character === "\n") this.screen[(this.row += 1)] ??= "";
    else {
      const line = (this.screen[this.row] ?? "").padEnd(this.column);
      this.screen[this.row] = line.slice(0, this.column) + character + line.slice(this.column + 1);
      this.column += 1;
    }
  }

  private obey(letter: string, number: number): void {
    const before = (this.screen[this.row] ?? "").slice(0, this.column);
    if (letter === "A") this.row = Math.max(0, this.row - number);
    else if (letter === "H") [this.row, this.column] = [0, 0];
    else if (letter === "K") this.screen[this.row] = before;
    else if (letter === "J") this.screen = [...this.screen.slice(0, this.row), before];
    else throw new Error(`nobody expects ${letter}`);
    if (letter === "A" || letter === "H") this.draws += 1;
  }
}
