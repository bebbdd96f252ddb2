import type { Writable } from "node:stream";

/** Writes, and waits while the reader is slower than what is written. */
export async function write(to: Writable, text: string | Buffer): Promise<void> {
  if (!to.write(text)) await new Promise((resolve) => to.once("drain", resolve));
}
