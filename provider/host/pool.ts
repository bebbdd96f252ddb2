import type { HostReference } from "./connection";
import type { Session } from "./session";

/** What the caller knows of the host. */
export interface SessionOptions {
  /** The host id seen before; another machine at the address is then the error "other_machine". */
  readonly expectHostId?: string | undefined;
}

/**
 * The session of a host: opened at the first call, shared by all later ones with the same connection. Rejects with a
 * SlipwayError.
 */
export declare function session(host: HostReference, options?: SessionOptions): Promise<Session>;

/** Ends every connection. Requests still running fail. */
export declare function closeAll(): void;
