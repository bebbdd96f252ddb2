import type { Readable, Writable } from "node:stream";
import { linesOf } from "../provider/host/lines";
import { write } from "./write";

/** Where the lines of a log go. */
export interface Outputs {
  readonly stdout: Writable;
  readonly stderr: Writable;
}

/**
 * Writes a log out as the program wrote it: each line of the agent's format (agent/api, LogLine) without its heading,
 * to the stream it was written to. Parts of a line are joined. With `timestamps` each line begins with its time.
 */
export async function writeLog(log: Readable, outputs: Outputs, timestamps: boolean): Promise<void> {
  const open = { stdout: false, stderr: false };
  for await (const line of linesOf(log)) {
    const heading = /^(\S+) (stdout|stderr) ([FP]) /.exec(line.subarray(0, 80).toString("latin1"));
    if (heading === null) continue;
    const [whole, time, stream, part] = heading as unknown as [string, string, "stdout" | "stderr", "F" | "P"];
    const pieces = [line.subarray(whole.length)];
    if (timestamps && !open[stream]) pieces.unshift(Buffer.from(`${time} `));
    if (part === "F") pieces.push(Buffer.from("\n"));
    open[stream] = part === "P";
    await write(outputs[stream], Buffer.concat(pieces));
  }
}
