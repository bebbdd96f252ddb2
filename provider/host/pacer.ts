import type { ClientHttp2Session } from "node:http2";
import { performance } from "node:perf_hooks";

const smallest = 64 * 1024;
const largest = 16 * 1024 * 1024;
/** Milliseconds that bytes in flight may add to the answer of anything else. */
const patience = 150;

/**
 * Bounds the bytes in flight of one connection by its measured rate, so that an upload never holds up a request. What
 * is written waits in the buffers of SSH and TCP on both sides, megabytes on a slow line, and a request would queue
 * behind it. A ping behind every few chunks tells when they have got through; how long it took beyond the best time seen
 * makes the bound larger or smaller.
 */
export class Pacer {
  private bound = smallest;
  private inFlight = 0;
  private unmarked = 0;
  private best = Infinity;
  private changed = 0;
  private waiting: (() => void)[] = [];

  constructor(private readonly http: ClientHttp2Session) {
    // The best time is that of an idle connection.
    const sent = performance.now();
    http.ping(() => (this.best = Math.min(this.best, performance.now() - sent)));
  }

  /** Waits until this many more bytes may be written. Say `wrote` when the connection has taken them. */
  async admit(bytes: number): Promise<void> {
    while (this.inFlight > 0 && this.inFlight + bytes > this.bound && !this.http.destroyed) {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    this.inFlight += bytes;
  }

  /** Counts bytes as handed over, and sends a ping behind them once there are enough. */
  wrote(bytes: number): void {
    this.unmarked += bytes;
    if (this.unmarked < this.bound / 4 && this.unmarked < this.inFlight) return;
    this.mark();
  }

  private mark(): void {
    const marked = this.unmarked;
    const sent = performance.now();
    this.unmarked = 0;
    const back = (): void => {
      this.judge(sent);
      this.arrived(marked);
    };
    // Too many pings at once, or a connection that is gone: the bytes no longer count either way.
    if (this.http.destroyed || !this.http.ping(back)) this.arrived(marked);
  }

  /** Once a round trip, since only bytes sent after a change tell what it did. */
  private judge(sent: number): void {
    const now = performance.now();
    const took = now - sent;
    this.best = Math.min(this.best, took);
    if (sent < this.changed) return;
    if (took < this.best + patience / 2) this.bound = Math.min(this.bound * 2, largest);
    else if (took > this.best + patience) this.bound = Math.max(this.bound * 0.7, smallest);
    else return;
    this.changed = now;
  }

  private arrived(bytes: number): void {
    this.inFlight -= bytes;
    // The last bytes of an upload have nothing behind them that would bring a ping.
    if (this.unmarked > 0 && this.unmarked === this.inFlight) this.mark();
    const waiting = this.waiting;
    this.waiting = [];
    for (const go of waiting) go();
  }
}
