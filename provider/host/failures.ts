import { SlipwayError } from "./errors";

/** Sentences for what the ssh2 and the openssh transport both meet. Each says the cause and the way out. */

const tenSeconds = 10_000;
const aMinute = 60_000;
const aMoment = 3_000;

/** The resolver knows no such name; `mayCome` where it only failed for now, as resolvers do under a burst. */
export function nameNotFound(name: string, mayCome: boolean): SlipwayError {
  return new SlipwayError("name_not_found", `the name ${name} cannot be resolved`, {
    wayOut: "Check `address`; where it is an alias, check that your ssh_config on this machine has it.",
    retryFor: mayCome ? tenSeconds : 0,
  });
}

/** Nothing listens there. */
export function connectionRefused(place: string): SlipwayError {
  return new SlipwayError("connection_refused", `${place} refuses the connection`, {
    wayOut: "Check that sshd runs there and that `port` is the one it listens on.",
    retryFor: aMoment,
  });
}

/** No way to the network or the machine. */
export function networkUnreachable(place: string, cause: string): SlipwayError {
  return new SlipwayError("network_unreachable", `no way to ${place}: ${cause}`, {
    wayOut: "Check this machine's network, VPN and routes.",
  });
}

/** The machine, or a firewall before it, says nothing. */
export function connectTimeout(place: string, step: string, milliseconds: number): SlipwayError {
  return new SlipwayError("connect_timeout", `${place}: ${step} took longer than ${milliseconds / 1000} s`, {
    wayOut: "Check address, port and firewall; a slow line needs a longer `connectTimeout`.",
  });
}

/** What sshd says before it hangs up, where it says anything: it has no room (MaxStartups), or has banned us. */
const turningAway = /^(Exceeded MaxStartups|Not allowed at this time|SSH-)/;

/**
 * The server hung up before the key exchange: MaxStartups, PerSourcePenalties, or a firewall that counts. What else it
 * may have `said` is not sshd's: something else listens there, and will not become sshd by waiting.
 */
export function sshdBusy(place: string, said: string): SlipwayError {
  if (said !== "" && !turningAway.test(said)) return handshakeFailed(place, `it is no SSH server; it said: ${said}`);
  return new SlipwayError("sshd_busy", `${place} closed the connection before the handshake${said && ` (${said})`}`, {
    wayOut:
      "sshd drops connections when many begin at once (MaxStartups) and bans an address after refused logins " +
      "(PerSourcePenalties). It was tried for a minute; wait a while, or raise those settings.",
    retryFor: aMinute,
  });
}

/** The server opens no further session on this connection. */
export function sessionsRefused(place: string): SlipwayError {
  return new SlipwayError("sshd_sessions", `${place} opens no further session on this connection`, {
    wayOut: "It was asked for ten seconds. Check MaxSessions in its sshd_config (10 by default): one is enough.",
    retryFor: tenSeconds,
  });
}

/** The two sides do not speak the same SSH. */
export function handshakeFailed(place: string, cause: string): SlipwayError {
  return new SlipwayError("handshake_failed", `${place}: the SSH handshake failed: ${cause}`, {
    wayOut: 'Where `ssh` itself reaches the host, set `transport: "openssh"`.',
  });
}

/** The connection broke while in use. */
export function connectionLost(place: string, cause: string): SlipwayError {
  return new SlipwayError("connection_lost", `the connection to ${place} was lost${cause && `: ${cause}`}`);
}

/** Every key was refused. */
export function keyRefused(
  place: string,
  user: string,
  offered: readonly string[],
  notes: readonly string[],
): SlipwayError {
  const tried =
    offered.length > 0 ? `these keys of user ${user}: ${offered.join("; ")}` : `user ${user}: no key was offered`;
  return new SlipwayError("key_refused", `${place} refused ${tried}`, {
    wayOut: [
      ...notes,
      "Check `user`, whether sshd lets that user in (PermitRootLogin, AllowUsers), and that the public key stands in its " +
        "~/.ssh/authorized_keys on the host.",
    ].join("\n"),
  });
}

/** Something in ssh_config, or a kind of key, that only the system's own ssh can do. */
export function needsOpenssh(what: string): SlipwayError {
  return new SlipwayError("needs_openssh", `${what}, which the ssh2 transport cannot do`, {
    wayOut: 'Set `transport: "openssh"` on the host: then your own ssh carries the connection.',
  });
}
