import { chmod } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { AgentProtocol, type ParsedKey } from "ssh2";

/** An ssh-agent inside this process, so that the system's ssh can use a secret key that is on no disk. */
export interface KeyAgent {
  /** What IdentityAgent is set to. */
  readonly socket: string;
  close(): void;
}

/** Serves one key on a socket in `folder`, which nobody else may enter. */
export async function serveKey(folder: string, key: ParsedKey): Promise<KeyAgent> {
  const windows = process.platform === "win32";
  const socket = windows ? `\\\\.\\pipe\\slipway-${randomBytes(16).toString("hex")}` : join(folder, "agent");
  const server = createServer((client) => {
    const protocol = new AgentProtocol(false);
    protocol.on("identities", (request) => protocol.getIdentitiesReply(request, [key]));
    protocol.on("sign", (request, asked, data, { hash }) => {
      if (!key.equals(asked as ParsedKey)) return protocol.failureReply(request);
      const signature = key.sign(data, hash);
      if (signature instanceof Error) protocol.failureReply(request);
      else protocol.signReply(request, signature);
    });
    client.on("error", () => client.destroy());
    protocol.on("error", () => client.destroy());
    client.pipe(protocol).pipe(client);
    client.unref();
  });
  await listen(server, socket);
  if (!windows) await chmod(socket, 0o600);
  server.unref();
  return { socket, close: () => server.close() };
}

function listen(server: Server, socket: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(socket, resolve);
  });
}
