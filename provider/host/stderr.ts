import type { Readable } from "node:stream";

const half = 8 * 1024;

/**
 * Reads the standard error of a remote command to its end and keeps the first and the last 8 KiB: the cause usually
 * stands in one of them, and neither memory nor messages grow with a chatty host.
 */
export class Stderr {
  private head = Buffer.alloc(0);
  private tail = Buffer.alloc(0);
  private dropped = 0;

  constructor(stream: Readable) {
    stream.on("data", (chunk: Buffer) => this.add(chunk));
    stream.on("error", () => undefined);
  }

  private add(chunk: Buffer): void {
    const room = half - this.head.length;
    if (room > 0) this.head = Buffer.concat([this.head, chunk.subarray(0, room)]);
    const joined = Buffer.concat([this.tail, chunk.subarray(Math.max(room, 0))]);
    this.dropped += Math.max(joined.length - half, 0);
    this.tail = joined.subarray(-half);
  }

  /** What was kept, printable. */
  text(): string {
    const gap = this.dropped > 0 ? [Buffer.from(`\n[${this.dropped} bytes left out]\n`)] : [];
    return printable(Buffer.concat([this.head, ...gap, this.tail]).toString());
  }
}

/** Text of a foreign machine as it may be shown on a terminal: control characters become question marks. */
export function printable(text: string): string {
  return text.replace(/\r\n/g, "\n").replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, "?");
}

/** The last lines of such text, for the end of a sentence; "" where there is none. */
export function lastLines(text: string, count = 5): string {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.slice(-count).join("\n");
}
