import type { ClientHttp2Session } from "node:http2";
import type { Pipe } from "./pipe";

/** Milliseconds between two looks at a connection. */
const interval = 10_000;
/** Looks in a row at which nothing had come, although a ping was sent at each, after which the host counts as gone. */
const silentLooks = 3;

/**
 * Notices a host that vanished without a word. Any byte that came is a sign of life; only where none did is a ping sent,
 * which also keeps firewalls from forgetting an idle connection. The timer does not keep the process alive.
 */
export function watchLiveness(http: ClientHttp2Session, pipe: Pipe, vanished: () => void): void {
  let before = pipe.received;
  let silent = 0;
  const timer = setInterval(() => {
    silent = pipe.received === before ? silent + 1 : 0;
    before = pipe.received;
    if (silent > silentLooks) vanished();
    else if (!http.destroyed) http.ping(() => undefined);
  }, interval);
  timer.unref();
  http.once("close", () => clearInterval(timer));
}
