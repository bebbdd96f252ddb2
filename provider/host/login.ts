import type { Socket } from "node:net";
import type { AuthenticationType, Client, NextAuthHandler } from "ssh2";
import { within } from "./deadline";
import { isSlipwayError, reason, SlipwayError } from "./errors";
import { connectionLost, connectTimeout, handshakeFailed, keyRefused, sshdBusy } from "./failures";
import type { HostKeyCheck } from "./host-key";
import type { Offer } from "./key-offer";
import { knownHostName } from "./known-hosts";
import type { SshConfig } from "./ssh-config";
import { printable } from "./stderr";

/** What a login needs. */
export interface Login {
  readonly client: Client;
  readonly socket: Socket;
  readonly config: SshConfig;
  readonly check: HostKeyCheck;
  readonly offer: Offer;
}

/**
 * Takes a fresh socket through key exchange and login, each with the connect timeout as its deadline. Rejects with a
 * SlipwayError and leaves nothing open.
 */
export async function logIn(login: Login): Promise<void> {
  const { client, socket, config } = login;
  const place = knownHostName(config.hostName, config.port);
  const timeout = config.connectTimeout;
  const steps = start(login, place);
  steps.ready.catch(() => undefined);
  try {
    await within(timeout, steps.handshake, () => connectTimeout(place, "the SSH handshake", timeout));
    await within(timeout, steps.ready, () => connectTimeout(place, "the login", timeout));
  } catch (error) {
    client.on("error", () => undefined);
    client.destroy();
    socket.destroy();
    throw error;
  }
  client.removeAllListeners();
}

function start({ client, socket, config, check, offer }: Login, place: string) {
  let refusal: SlipwayError | undefined;
  let trusted: Buffer | undefined;
  let shookHands = false;
  let banner = "";
  let said = "";
  const offered: string[] = [];
  // What is said twice is one note: both steps below hear of each failure.
  const notes = new Set(offer.notes);
  const waiting = [...offer.keys];

  const explain = (error: Error & { level?: string }): SlipwayError => {
    if (refusal) return refusal;
    if (shookHands) {
      const tooMany = /too many authentication failures/i.test(error.message);
      if (tooMany) notes.add("It hung up after too many refused keys (MaxAuthTries): name one with `identityFile`.");
      return tooMany || error.level === "client-authentication"
        ? keyRefused(place, config.user, offered, [...notes])
        : connectionLost(place, `${reason(error)} during the login as ${config.user}${said && ` (${said})`}`);
    }
    const early = error.message === "Connection lost before handshake" || error.level === "client-socket";
    return early ? sshdBusy(place, firstLine(banner)) : handshakeFailed(place, reason(error));
  };
  const nextKey = (left: AuthenticationType[] | null, partial: boolean, next: NextAuthHandler): void => {
    if (partial) notes.add(`It took a key and wants more: ${String(left)}. Only keys can be given.`);
    const key = left === null || left.includes("publickey") ? waiting.shift() : undefined;
    if (left && !left.includes("publickey")) notes.add(`It takes no keys at all, only: ${left.join(", ")}.`);
    if (key) offered.push(key.label);
    // The types do not say that false ends the login, as ssh2's documentation does.
    next(key ? key.method : (false as unknown as AuthenticationType));
  };

  const fail = (reject: (error: SlipwayError) => void): void => {
    client.on("error", (error: Error & { level?: string }) => {
      // An ssh-agent that will not sign is not the end: ssh2 goes on to the next key.
      if (error.level === "agent") notes.add(`The ssh-agent would not sign with ${offered.at(-1)}: ${reason(error)}.`);
      else reject(explain(error));
    });
    client.on("close", () => reject(explain(new Error(shookHands ? "hung up" : "Connection lost before handshake"))));
  };
  const handshake = new Promise<void>((resolve, reject) => {
    fail(reject);
    client.once("handshake", () => {
      shookHands = true;
      resolve();
    });
  });
  const ready = new Promise<void>((resolve, reject) => {
    fail(reject);
    client.once("ready", resolve);
  });
  // A user who may not log in now is told why, as by /etc/nologin, before sshd hangs up.
  client.on("banner", (text) => (said = firstLine(text.trim())));
  client.connect({
    sock: socket,
    username: config.user,
    // Our own deadlines stand in its place.
    readyTimeout: 0,
    algorithms: { serverHostKey: check.algorithms as never },
    hostVerifier: (key: Buffer, verify: (right: boolean) => void) => {
      // The server may ask for fresh keys at any time. ssh2 breaks the connection unless it gets its answer at once.
      if (trusted) return verify(trusted.equals(key));
      check.verify(key).then(
        (error) => {
          if (error === undefined) trusted = Buffer.from(key);
          refusal = error;
          verify(error === undefined);
        },
        (error: unknown) => {
          refusal = isSlipwayError(error) ? error : new SlipwayError("host_key_unknown", reason(error));
          verify(false);
        },
      );
    },
    authHandler: nextKey,
  });
  // A server that turns us away says so in plain text before it hangs up; ssh2 does not pass that on.
  const listen = (chunk: Buffer): void => {
    if (banner.length < 256) banner += chunk.toString("latin1");
    else socket.off("data", listen);
  };
  socket.on("data", listen);
  return { handshake, ready };
}

function firstLine(banner: string): string {
  return printable(banner.split("\n")[0] ?? "")
    .replace(/\?+$/, "")
    .trim();
}
