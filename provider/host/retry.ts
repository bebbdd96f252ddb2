import { setTimeout as sleep } from "node:timers/promises";
import { isSlipwayError } from "./errors";

const firstPause = 250;
const longestPause = 5_000;

/**
 * Repeats a step as long as its error says that this is worth a try (`retryFor`), with pauses that double from 250 ms to
 * 5 s. Each is drawn at random from its upper half and below, because the usual cause is many clients at once, and they
 * must not come back at once. A refused login never says so: sshd from 9.8 on bans an address for repeating it.
 */
export async function retry<T>(step: () => Promise<T>): Promise<T> {
  const began = Date.now();
  for (let longest = firstPause; ; longest = Math.min(longest * 2, longestPause)) {
    try {
      return await step();
    } catch (error) {
      const pause = longest * (0.25 + 0.75 * Math.random());
      if (!isSlipwayError(error) || Date.now() - began + pause > error.retryFor) throw error;
      await sleep(pause);
    }
  }
}
