/**
 * Asks a host what everything of ours on it uses: for `slipway stats` and for the package's function `stats`, which loads
 * this when it is first called.
 */
import { checkFailure } from "./failure";
import { reason, SlipwayError } from "./host/errors";
import { linesOf } from "./host/lines";
import { session } from "./host/pool";
import type { RequestOptions, Session } from "./host/session";
import { host as placeSchema } from "./resources/connection";
import { parseDuration } from "./resources/units";
import { stats, type Stats } from "./stats";

/** What may be said about readings that follow each other. */
export interface FollowOptions extends RequestOptions {
  /** The time between two, in milliseconds. */
  readonly interval: number;
}

/** The bounds of the time between two readings in milliseconds, which are the agent's. */
const shortestInterval = 100;
const longestInterval = 24 * 60 * 60 * 1000;

/**
 * The session of a host that a program names, by its name and the connection's arguments as they are written.
 *
 * @throws Error that lists everything that is wrong with them.
 */
export async function openPlace(place: unknown): Promise<Session> {
  const parsed = placeSchema.safeParse(place);
  if (parsed.success) return session(parsed.data);
  const failures = parsed.error.issues.map(({ path, message }) => {
    const written = path[0] === "connection" ? path.slice(1) : path;
    return checkFailure({ path: written as (string | number)[], reason: message }).reason.trim();
  });
  throw new Error(failures.join("\n"));
}

/** One reading. */
export async function readStats(host: Session, options?: RequestOptions): Promise<Stats> {
  return host.request("GET", "/v1/stats", undefined, stats, options);
}

/**
 * A reading at once, and another after every interval, for as long as they are asked for. Ends by throwing: the agent
 * goes on until it is told to stop, so that an end is always a broken connection.
 */
export async function* followStats(
  host: Session,
  { interval, signal }: FollowOptions,
): AsyncGenerator<Stats, never, undefined> {
  const lines = await host.stream(`/v1/stats?follow=true&interval=${interval}`, { signal });
  try {
    for await (const line of linesOf(lines)) yield readingOf(line);
  } catch (error) {
    // A stream that was called off says that it broke.
    throw signal?.aborted ? new SlipwayError("aborted", "the readings were called off") : error;
  } finally {
    lines.destroy();
  }
  throw new SlipwayError("connection_lost", "the agent sends no more readings");
}

/**
 * Milliseconds of an interval as people write it; a second where they write none.
 *
 * @throws Error that says the rule and the value.
 */
export function parseInterval(written: string | number = "1s"): number {
  const milliseconds = parseDuration(written);
  if (milliseconds !== undefined && milliseconds >= shortestInterval && milliseconds <= longestInterval) {
    return milliseconds;
  }
  const rule = 'must be a duration from 100 ms to a day, such as "2s", or a number of milliseconds';
  throw new Error(`interval ${rule}; got ${JSON.stringify(written)}`);
}

function readingOf(line: Buffer): Stats {
  const parsed = stats.safeParse(parseJson(line.toString()));
  if (parsed.success) return parsed.data;
  throw new SlipwayError("answer_invalid", `a reading of the agent is not as agreed: ${reason(parsed.error)}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
