import { finished, PassThrough, type Readable } from "node:stream";
import type { ZodType } from "zod";
import type { HostFacts } from "../api";
import { atHost, isSlipwayError, reason, SlipwayError } from "./errors";
import { type Call, exchange, type Progress, send, subscribe } from "./http";
import type { Link } from "./link";

/** What may be said about one request. */
export interface RequestOptions {
  /** Calls the request off; the agent notices and stops what it can. */
  readonly signal?: AbortSignal | undefined;
  /** Hears how far the agent has got with something that it fetches, about once a second. */
  readonly progress?: Progress | undefined;
}

/**
 * A conversation with the agent of one host. It outlives its connection: a request that finds it broken is carried out
 * once more over a fresh one, which is why every request of the agent's API is idempotent. Every failure is a
 * SlipwayError (errors.ts): with `problem` where the agent said no, with `unreachable` where it could not be asked.
 */
export interface Session {
  /** What the agent said of its machine when the connection was opened. */
  readonly facts: HostFacts;

  /**
   * Asks one thing. `path` begins with /v1/; `body` becomes JSON, undefined is none; the answer (undefined for 204) is
   * read by `schema`. There is no deadline, for a job may run for hours: a dead connection is noticed by itself.
   */
  request<T>(
    method: "GET" | "PUT" | "DELETE",
    path: string,
    body: unknown,
    schema: ZodType<T>,
    options?: RequestOptions,
  ): Promise<T>;

  /**
   * Sends a blob: PUT /v1/blobs/{digest}. `source` makes a fresh stream of exactly `size` bytes each time it is called.
   */
  upload(digest: string, source: () => Readable, size: number, options?: RequestOptions): Promise<void>;

  /** Opens a streaming answer, for example logs. A stream that breaks ends with a SlipwayError and is not repeated. */
  stream(path: string, options?: RequestOptions): Promise<Readable>;
}

/** The one session of a host, over links that come and go. */
export class HostSession implements Session {
  private link: Link | undefined;
  private opening: Promise<Link> | undefined;
  private hostId: string | undefined;
  private busy = 0;
  private closed = false;

  constructor(
    private readonly name: string,
    private readonly open: () => Promise<Link>,
  ) {}

  get facts(): HostFacts {
    if (!this.link) throw new Error("a session has facts once it is open");
    return this.link.facts;
  }

  /** Opens the connection where there is none. With a host id, any other host is an error. */
  async ready(expectHostId?: string): Promise<this> {
    return this.named(async () => {
      const { facts } = await this.connected();
      if (expectHostId !== undefined && facts.hostId !== expectHostId) throw otherMachine(expectHostId, facts.hostId);
      return this;
    });
  }

  async request<T>(
    method: Call["method"],
    path: string,
    body: unknown,
    schema: ZodType<T>,
    options?: RequestOptions,
  ): Promise<T> {
    const call = { method, path, signal: options?.signal, progress: options?.progress };
    return this.repeatable(call, ({ http }) => exchange(http, call, body, schema));
  }

  async upload(digest: string, source: () => Readable, size: number, options?: RequestOptions): Promise<void> {
    const call = { method: "PUT", path: `/v1/blobs/${digest}`, signal: options?.signal } as const;
    return this.repeatable(call, ({ http, pacer }) => send(http, call, source(), size, pacer));
  }

  async stream(path: string, options?: RequestOptions): Promise<Readable> {
    const call = { method: "GET", path, signal: options?.signal } as const;
    this.begin();
    try {
      const stream = await this.repeatable(call, async (link) =>
        this.explained(await subscribe(link.http, call), link),
      );
      stream.once("close", () => this.end());
      return stream;
    } catch (error) {
      this.end();
      throw error;
    }
  }

  /** The same stream, but the error with which it breaks says how the connection ended. */
  private explained(source: Readable, link: Link): Readable {
    const stream = new PassThrough();
    // A reader that has left needs not be told.
    stream.on("close", () => source.destroy()).on("error", () => undefined);
    source.pipe(stream);
    finished(source, (error) => {
      if (!error) return;
      const brokeOff = new SlipwayError("connection_lost", `the answer broke off: ${reason(error)}`);
      const why = link.broken() ? link.whyBroken() : Promise.resolve(brokeOff);
      void why.then((found) => stream.destroy(atHost(found, this.name)));
    });
    return stream;
  }

  /** Ends the connection. */
  close(): void {
    this.closed = true;
    this.link?.close();
  }

  /** Carries a request out, and once more over a fresh connection where the first one turns out to be broken. */
  private async repeatable<T>(call: Call, action: (link: Link) => Promise<T>): Promise<T> {
    this.begin();
    try {
      return await this.named(async () => {
        const link = await this.connected();
        try {
          return await action(link);
        } catch (error) {
          if (!isBroken(error, link) || call.signal?.aborted) throw error;
        }
        const fresh = await this.connected();
        try {
          return await action(fresh);
        } catch (error) {
          throw isBroken(error, fresh) ? await fresh.whyBroken() : error;
        }
      });
    } finally {
      this.end();
    }
  }

  private async connected(): Promise<Link> {
    if (this.link && !this.link.broken()) return this.link;
    this.opening ??= this.open().finally(() => (this.opening = undefined));
    const link = await this.opening;
    if (this.closed) {
      link.close();
      throw new SlipwayError("connection_lost", "the session was closed");
    }
    if (this.hostId !== undefined && link.facts.hostId !== this.hostId) {
      link.close();
      throw otherMachine(this.hostId, link.facts.hostId);
    }
    this.hostId = link.facts.hostId;
    this.link = link;
    link.hold(this.busy > 0);
    return link;
  }

  /** The process lives as long as something is asked, and not for an idle connection. */
  private begin(): void {
    this.busy += 1;
    if (this.busy === 1) this.link?.hold(true);
  }

  private end(): void {
    this.busy -= 1;
    if (this.busy === 0) this.link?.hold(false);
  }

  private async named<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      throw isSlipwayError(error) && !error.problem ? atHost(error, this.name) : error;
    }
  }
}

/** The agent saying no is an answer; so is our own refusal to read it. Only a lost connection is worth another one. */
function isBroken(error: unknown, link: Link): boolean {
  return isSlipwayError(error) && error.code === "connection_lost" && link.broken();
}

function otherMachine(expected: string, found: string): SlipwayError {
  return new SlipwayError("other_machine", `another machine answers: host id ${found} instead of ${expected}`, {
    wayOut:
      "Either the address now belongs to another machine, or this one was installed anew. If its containers are gone " +
      "for good, `pulumi up --refresh` or `pulumi destroy` with SLIPWAY_UNREACHABLE=forget lets go of them.",
  });
}
