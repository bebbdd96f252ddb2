import { connect, createServer, type Server, type Socket } from "node:net";

/**
 * A stretch of the way between Pulumi and a host that can be broken: a TCP relay on a loopback port. It stands for the
 * network, which fails in ways that neither end asked for.
 */
export class Relay {
  private readonly sockets = new Set<Socket>();
  private open = true;

  private constructor(private readonly server: Server) {}

  /** Starts a relay to an address and port. */
  static async to(address: string, port: number): Promise<Relay> {
    const server = createServer();
    const relay = new Relay(server);
    server.on("connection", (near) => {
      if (relay.open) relay.join(near, connect(port, address));
      else near.resetAndDestroy();
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", resolve);
    });
    return relay;
  }

  /** The loopback port it listens on. */
  get port(): number {
    const address = this.server.address();
    if (address === null || typeof address === "string") throw new Error("the relay does not listen");
    return address.port;
  }

  /** Cuts every connection; new ones are let through. */
  cut(): void {
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  /** Cuts every connection and refuses new ones until `restore`. */
  break(): void {
    this.open = false;
    this.cut();
  }

  /** Lets connections through again. */
  restore(): void {
    this.open = true;
  }

  /** Ends it. */
  async close(): Promise<void> {
    this.break();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private join(near: Socket, far: Socket): void {
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.sockets.add(from);
      from.setNoDelay(true);
      from.on("error", () => to.destroy());
      from.on("close", () => {
        this.sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  }
}
