import type { Socket } from "node:net";
import { Client, type ClientChannel } from "ssh2";
import type { HostConnection } from "./connection";
import { stepTimeout, within } from "./deadline";
import { dial } from "./dial";
import { reason, type SlipwayError } from "./errors";
import { connectionLost, handshakeFailed, needsOpenssh, sessionsRefused } from "./failures";
import { hostKeyCheck } from "./host-key";
import { offeredKeys } from "./keys";
import { knownHostName } from "./known-hosts";
import { logIn } from "./login";
import { retry } from "./retry";
import { Semaphore } from "./semaphore";
import { readSshConfig } from "./ssh-config";
import { Stderr } from "./stderr";
import type { Channel, Exit, Transport } from "./transport";

/** sshd opens ten sessions on a connection (MaxSessions); two stay free for an old one that is still closing. */
const mostChannels = 8;

const openTimeout = 15_000;

/** Reaches a host with the ssh2 library: no local process, which is what many hosts at once want. The default. */
export async function connectSsh2(connection: HostConnection): Promise<Transport> {
  const config = await readSshConfig(connection);
  const [beyond] = config.beyondSsh2;
  if (beyond !== undefined) throw needsOpenssh(`your ssh_config sets ${beyond} for ${connection.address}`);
  const prepared = Promise.all([hostKeyCheck(connection, config), offeredKeys(connection, config)]);
  // That a host cannot be reached comes before what is wrong with the keys for it.
  prepared.catch(() => undefined);
  const socket = await dial(config);
  try {
    const [check, offer] = await prepared;
    const client = new Client();
    await logIn({ client, socket, config, check, offer });
    return new Ssh2Transport(client, socket, knownHostName(config.hostName, config.port));
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

class Ssh2Transport implements Transport {
  readonly connecting = 0;
  private readonly places = new Semaphore(mostChannels);
  private readonly channels = new Set<(error: SlipwayError) => void>();
  private cause = "";
  private closed = false;

  constructor(
    private readonly client: Client,
    private readonly socket: Socket,
    private readonly place: string,
  ) {
    client.on("error", (error) => (this.cause ||= reason(error)));
    client.on("close", () => {
      this.closed = true;
      for (const lose of this.channels) lose(connectionLost(place, this.cause));
    });
  }

  /**
   * A refused session is asked for again: sshd counts one that has ended until it has reaped its command and looked
   * through its channels, and by then the next may have been asked for.
   */
  async exec(command: string): Promise<Channel> {
    const late = (): SlipwayError => stepTimeout(`opening a session on ${this.place}`, openTimeout);
    await this.places.acquire();
    try {
      return await retry(() => within(openTimeout, this.open(command), late));
    } catch (error) {
      this.places.release();
      throw error;
    }
  }

  private open(command: string): Promise<Channel> {
    return new Promise((resolve, reject) => {
      if (this.closed) return reject(connectionLost(this.place, this.cause));
      this.client.exec(command, (error: (Error & { reason?: unknown }) | undefined, stream) => {
        if (!error) resolve(this.channel(stream));
        else if (this.closed) reject(connectionLost(this.place, this.cause));
        else if (error.reason !== undefined) reject(sessionsRefused(this.place));
        else reject(handshakeFailed(this.place, reason(error)));
      });
    });
  }

  /** Called within ssh2's callback: a short command may end in the same packet in which it began. */
  private channel(stream: ClientChannel): Channel {
    const exit = this.whenEnded(stream);
    const release = (): void => this.places.release();
    exit.then(release, release);
    const stderr = new Stderr(stream.stderr);
    const close = (): void => {
      stream.close();
      // ssh2 calls a channel closed only once its output has been taken.
      stream.resume();
    };
    return { stdin: stream, stdout: stream, stderr: () => stderr.text(), exit, close };
  }

  private whenEnded(stream: ClientChannel): Promise<Exit> {
    const ended = new Promise<Exit>((resolve, reject) => {
      this.channels.add(reject);
      let exit: Exit = { code: undefined, signal: undefined };
      stream.on("exit", (code: number | null, signal?: string) => (exit = { code: code ?? undefined, signal }));
      stream.on("error", () => undefined);
      stream.on("close", () => {
        this.channels.delete(reject);
        // With the connection gone the channel closes too; then nobody knows how the command ended.
        if (this.closed && exit.code === undefined) reject(connectionLost(this.place, this.cause));
        else resolve(exit);
      });
    });
    ended.catch(() => undefined);
    return ended;
  }

  ref(): void {
    this.socket.ref();
  }

  unref(): void {
    this.socket.unref();
  }

  close(): void {
    this.client.end();
    this.socket.destroy();
  }
}
