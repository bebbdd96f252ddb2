import type { WriteStream } from "node:tty";
import { write } from "./write";

/**
 * Draws lines over those it drew before, below whatever stands on the terminal already. Nothing of the terminal is changed
 * that would have to be put back: the cursor stays visible below the last line, where a shell's prompt or an error is
 * welcome at any time, and ^C needs no handling.
 */
export class Screen {
  private drawn = 0;

  /** On a terminal that can move its cursor; undefined where a stream is none. `lines` answers them for a width. */
  static on(stream: NodeJS.WriteStream, lines: (width: number) => readonly string[]): Screen | undefined {
    return stream.isTTY && process.env["TERM"] !== "dumb" ? new Screen(stream, lines) : undefined;
  }

  private constructor(
    private readonly terminal: WriteStream,
    private readonly lines: (width: number) => readonly string[],
  ) {
    terminal.on("resize", () => {
      if (this.drawn === 0) return;
      // Terminals differ in what a new width makes of the lines that are there, so those cannot be found again.
      this.drawn = 0;
      void this.draw("\x1b[H");
    });
  }

  /** Draws as many lines as there is room for. */
  async draw(from = this.drawn > 0 ? `\x1b[${this.drawn}A\r` : "\r"): Promise<void> {
    // A terminal that was never told its size says 0.
    const lines = this.lines(this.terminal.columns || 80);
    const room = Math.max((this.terminal.rows || 24) - 1, 1);
    const shown = lines.length <= room ? lines : [...lines.slice(0, room - 1), `… and ${lines.length - room + 1} more`];
    this.drawn = shown.length;
    const text = shown.map((line) => `${line}\x1b[K\n`).join("");
    // Without wrapping, characters that are wider than they count cannot make a second line of one.
    await write(this.terminal, `\x1b[?7l${from}${text}\x1b[J\x1b[?7h`);
  }
}
