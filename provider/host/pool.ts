import { bareAddress, connectionKey, type HostReference } from "./connection";
import { isSlipwayError, type SlipwayError } from "./errors";
import { type Link, openLink } from "./link";
import { retry } from "./retry";
import { Semaphore } from "./semaphore";
import { HostSession, type Session } from "./session";

/** What the caller knows of the host. */
export interface SessionOptions {
  /** The host id seen before; another machine at the address is then the error "other_machine". */
  readonly expectHostId?: string | undefined;
}

/** Connections that begin at a time, over all hosts: each is a burst of work and of packets. */
const mostConnecting = 32;
/** The same for one address: sshd begins to drop at ten that have not logged in (MaxStartups 10:30:100). */
const mostConnectingToOne = 4;
/** Milliseconds for which a host that could not be reached is not tried again: each resource of a dead one would wait. */
const rememberFailure = 15_000;

const sessions = new Map<string, HostSession>();
const everywhere = new Semaphore(mostConnecting);
const perAddress = new Map<string, Semaphore>();

/**
 * The session of a host: opened at the first call, shared by all later ones with the same connection. Rejects with a
 * SlipwayError. An idle session does not keep the process alive.
 */
export async function session(host: HostReference, options: SessionOptions = {}): Promise<Session> {
  const key = connectionKey(host.connection);
  let found = sessions.get(key);
  if (!found) {
    if (sessions.size === 0) process.once("exit", closeAll);
    found = new HostSession(host.name, opener(host));
    sessions.set(key, found);
  }
  return found.ready(options.expectHostId);
}

/** Ends every connection. Requests still running fail. */
export function closeAll(): void {
  for (const open of sessions.values()) open.close();
  sessions.clear();
  process.off("exit", closeAll);
}

function opener({ connection }: HostReference): () => Promise<Link> {
  const address = `${bareAddress(connection.address).toLowerCase()} ${connection.port ?? ""}`;
  const toOne = perAddress.get(address) ?? new Semaphore(mostConnectingToOne);
  perAddress.set(address, toOne);
  let failure: { readonly error: SlipwayError; readonly until: number } | undefined;
  // The place is given back between attempts, so that those who wait are not in the way of others.
  const connect = (): Promise<Link> => retry(() => toOne.run(() => everywhere.run(() => openLink(connection))));
  return async () => {
    if (failure && Date.now() < failure.until) throw failure.error;
    try {
      return await connect().catch((error: unknown) => {
        // What breaks on the way to the agent is tried once more, as every request is later.
        if (isSlipwayError(error) && error.code === "connection_lost") return connect();
        throw error;
      });
    } catch (error) {
      if (isSlipwayError(error) && error.unreachable) failure = { error, until: Date.now() + rememberFailure };
      throw error;
    }
  };
}
