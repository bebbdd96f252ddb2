import { connect, type Socket } from "node:net";
import { within } from "./deadline";
import { reason, type SlipwayError } from "./errors";
import { connectionRefused, connectTimeout, nameNotFound, networkUnreachable, sshdBusy } from "./failures";
import { knownHostName } from "./known-hosts";
import type { SshConfig } from "./ssh-config";

/** Opens a TCP connection with TCP_NODELAY from its first byte, which halves the time of the handshake. */
export async function dial({ hostName, port, connectTimeout: timeout, family }: SshConfig): Promise<Socket> {
  const socket = connect({
    host: hostName,
    port,
    noDelay: true,
    family,
    // Node gives each of several addresses 250 ms, less than a round trip to some places.
    autoSelectFamilyAttemptTimeout: Math.ceil(Math.max(timeout / 4, 250)),
  });
  const connected = new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", (error: NodeJS.ErrnoException) => reject(explain(error, hostName, port)));
  });
  const place = knownHostName(hostName, port);
  try {
    await within(timeout, connected, () => connectTimeout(place, "connecting", timeout));
  } catch (error) {
    socket.destroy();
    throw error;
  }
  // Until somebody uses it, an error of the socket is told by its being closed.
  socket.removeAllListeners("error").on("error", () => undefined);
  return socket;
}

function explain(error: NodeJS.ErrnoException, hostName: string, port: number): SlipwayError {
  const place = knownHostName(hostName, port);
  // Several addresses were tried: the first one's failure stands for all.
  const first = error instanceof AggregateError ? (error.errors[0] as NodeJS.ErrnoException) : error;
  switch (first.code) {
    case "ENOTFOUND":
      return nameNotFound(hostName, false);
    case "EAI_AGAIN":
      return nameNotFound(hostName, true);
    case "ECONNREFUSED":
      return connectionRefused(place);
    case "ECONNRESET":
      return sshdBusy(place, "");
    case "ETIMEDOUT":
      return networkUnreachable(place, "the connection timed out");
    default:
      return networkUnreachable(place, first.code ?? reason(first));
  }
}
