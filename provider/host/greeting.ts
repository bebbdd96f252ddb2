import type { Readable } from "node:stream";
import { greetingMagic } from "../api";
import { SlipwayError } from "./errors";
import { lastLines, printable } from "./stderr";

/** What a host prints before the agent takes over: shell noise, our script's reports, and the greeting if it came. */
export interface Preamble {
  readonly text: string;
  readonly greeting: Greeting | undefined;
}

/** What the agent says of itself in its first line (agent/api/greeting.go). */
export interface Greeting {
  readonly protocol: number;
  /** `sha256:` and the hexadecimal digest of the running file. */
  readonly digest: string;
}

/** Login shells print a little; what goes on for longer is no login shell. */
const mostBytes = 64 * 1024;

/**
 * Reads a command's output up to the greeting or to its end, and leaves everything after the greeting in the stream.
 * Rejects with "shell_noise" where 64 KiB went by without one.
 */
export function readPreamble(stdout: Readable): Promise<Preamble> {
  return new Promise((resolve, reject) => {
    let seen = Buffer.alloc(0);
    const done = (act: () => void): void => {
      stdout.off("readable", more).off("end", ended).off("close", ended).off("error", ended);
      act();
    };
    const ended = (): void => done(() => resolve({ text: seen.toString(), greeting: undefined }));
    const more = (): void => {
      for (let chunk = stdout.read() as Buffer | null; chunk; chunk = stdout.read() as Buffer | null) {
        seen = Buffer.concat([seen, chunk]);
        const found = split(seen);
        if (found) {
          return done(() => {
            if (found.rest.length > 0) stdout.unshift(found.rest);
            resolve(found);
          });
        }
        if (seen.length > mostBytes) return done(() => reject(tooMuchNoise(seen.toString())));
      }
    };
    stdout.on("readable", more).on("end", ended).on("close", ended).on("error", ended);
    more();
  });
}

function split(seen: Buffer): (Preamble & { rest: Buffer }) | undefined {
  const start = seen.indexOf(greetingMagic);
  const end = start < 0 ? -1 : seen.indexOf("\n", start);
  if (end < 0) return undefined;
  const [, protocol, digest] = seen.toString("utf8", start + greetingMagic.length, end).split(" ");
  const greeting = { protocol: Number(protocol), digest: digest ?? "" };
  return { text: seen.toString("utf8", 0, start), greeting, rest: seen.subarray(end + 1) };
}

function tooMuchNoise(text: string): SlipwayError {
  return new SlipwayError("shell_noise", "the login shell prints without end, and the agent never spoke", {
    wayOut: `Make the user's shell start-up files silent where there is no terminal. It began: ${lastLines(printable(text.slice(0, 200)))}`,
  });
}
