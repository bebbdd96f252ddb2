import { connect, createServer, type Server, type Socket } from "node:net";

/** A bad line to a host: a TCP relay on a loopback port that is slow, or falls silent without a word. */
export class Line {
  private readonly sockets = new Set<Socket>();
  private silent = false;

  private constructor(
    private readonly server: Server,
    /** Bytes a second towards the host. */
    private readonly rate: number,
  ) {}

  /** A line to a port of this machine. */
  static async to(port: number, rate = Infinity): Promise<Line> {
    const server = createServer();
    const line = new Line(server, rate);
    server.on("connection", (near) => line.join(near, connect(port, "127.0.0.1")));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return line;
  }

  /** The loopback port it listens on. */
  get port(): number {
    return (this.server.address() as { port: number }).port;
  }

  /** From now on nothing passes, and nobody is told. */
  fallSilent(): void {
    this.silent = true;
    for (const socket of this.sockets) socket.pause();
  }

  /** Ends it. */
  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }

  private join(near: Socket, far: Socket): void {
    for (const [from, to, rate] of [
      [near, far, this.rate],
      [far, near, Infinity],
    ] as const) {
      this.sockets.add(from);
      from.on("error", () => to.destroy());
      from.on("close", () => to.destroy());
      from.on("data", (chunk: Buffer) => {
        from.pause();
        const pass = (): void => {
          if (this.silent) return;
          to.write(chunk);
          from.resume();
        };
        if (rate === Infinity) pass();
        else setTimeout(pass, (chunk.length / rate) * 1000);
      });
    }
  }
}
