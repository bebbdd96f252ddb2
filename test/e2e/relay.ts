import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/**
 * A stretch of the way between Pulumi and a host that can be broken: a TCP relay on a loopback port. It stands for the
 * network, which fails in ways that neither end asked for.
 */
export class Relay {
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    /** The loopback port it listens on. */
    readonly port: number,
  ) {}

  /** Starts a relay to an address and port. */
  static async to(address: string, port: number): Promise<Relay> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", resolve);
    });
    const relay = new Relay(server, (server.address() as AddressInfo).port);
    server.on("connection", (near) => relay.join(near, connect(port, address)));
    return relay;
  }

  /** Cuts every connection; new ones are let through. */
  cut(): void {
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  /** Cuts every connection and refuses new ones until `restore`, as a machine does on which nothing listens. */
  break(): void {
    this.server.close();
    this.cut();
  }

  /** Lets connections through again. */
  restore(): void {
    if (!this.server.listening) this.server.listen(this.port, "127.0.0.1");
  }

  /** Ends it. */
  async close(): Promise<void> {
    const closed = this.server.listening ? once(this.server, "close") : undefined;
    this.break();
    await closed;
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
