import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex, type Readable, type Writable } from "node:stream";
import { findGo, runGo } from "../../scripts/go";

/** What the agent said. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** The agent of this checkout, built once for all its runs. */
export class AgentProgram {
  private constructor(
    private readonly folder: string,
    readonly file: string,
  ) {}

  /** Builds it for this machine. */
  static async build(): Promise<AgentProgram> {
    const folder = await mkdtemp(join(tmpdir(), "slipway-agent-"));
    await runGo(await findGo(), ["build", "-o", folder, "./cmd/..."], { env: { CGO_ENABLED: "0" } });
    return new AgentProgram(folder, join(folder, "slipway-agent"));
  }

  /** Removes it. */
  async dispose(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Runs it with folders of its own: both are empty and vanish with the process. `size` is that of its disk, in MiB. */
  start({ size = 1024 }: { size?: number } = {}): Agent {
    const script = 'mount -t tmpfs -o size=$1m none /var/lib && mount -t tmpfs none /run && exec "$0" serve';
    const words = ["--mount", "sh", "-c", script, this.file, String(size)];
    const child = spawn("unshare", words, { stdio: ["pipe", "pipe", "pipe"] });
    return new Agent(child);
  }
}

/** A running agent, spoken to over its standard input and output. */
export class Agent {
  private http: ClientHttp2Session | undefined;
  /** What it wrote to standard error. */
  faults = "";
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;

  constructor(private readonly child: ChildProcessByStdio<Writable, Readable, Readable>) {
    child.stderr.setEncoding("utf8").on("data", (text: string) => (this.faults += text));
    this.ended = once(child, "close").then(([code, signal]) => (code ?? signal) as number | string);
  }

  /** The process id. */
  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Reads the greeting, up to and without its line feed, and then begins to speak HTTP/2. */
  async greet(): Promise<string> {
    let line = Buffer.alloc(0);
    while (!line.includes(10)) {
      const chunk = this.child.stdout.read() as Buffer | null;
      if (chunk !== null) line = Buffer.concat([line, chunk]);
      else await Promise.race([once(this.child.stdout, "readable"), this.ended.then((end) => this.fail(end))]);
    }
    const end = line.indexOf(10);
    if (end + 1 < line.length) this.child.stdout.unshift(line.subarray(end + 1));
    const way = Duplex.from({ readable: this.child.stdout, writable: this.child.stdin });
    this.http = connect("http://agent", { createConnection: () => way });
    // The session's end is seen by the requests that it breaks.
    this.http.on("error", () => undefined);
    return line.subarray(0, end).toString("latin1");
  }

  private fail(end: number | string): never {
    throw new Error(`the agent ended with ${end}: ${this.faults}`);
  }

  /** The HTTP/2 session, after {@link greet}. */
  get session(): ClientHttp2Session {
    if (this.http === undefined) throw new Error("greet first");
    return this.http;
  }

  /** Asks one thing. */
  async ask(method: string, path: string, body?: unknown): Promise<Answer> {
    const request = this.session.request({ ":method": method, ":path": path });
    request.end(body === undefined ? undefined : JSON.stringify(body));
    const [headers] = (await once(request, "response")) as [IncomingHttpHeaders & { ":status": number }];
    let text = "";
    for await (const chunk of request.setEncoding("utf8")) text += chunk as string;
    return { status: headers[":status"], headers, text };
  }

  /** Ends its input, as a closed connection does, and waits for its end. */
  async hangUp(): Promise<number | string> {
    this.http?.destroy();
    this.child.stdin.destroy();
    return this.ended;
  }
}
