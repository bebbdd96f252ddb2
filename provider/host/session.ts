import type { Readable } from "node:stream";
import type { ZodType } from "zod";

/** What may be said about one request. */
export interface RequestOptions {
  /** Ends the request; the agent notices and stops what it can. */
  readonly signal?: AbortSignal | undefined;
}

/** What the agent observes of its machine (agent/api/host.go, HostFacts). */
export interface HostFacts {
  readonly hostId: string;
  readonly architecture: string;
  readonly kernel: string;
  readonly os: string;
  readonly cgroupVersion: number;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly userNamespaces: boolean;
  readonly agentDigest: string;
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

  /** Opens a streaming answer, for example logs. A stream that breaks ends with an error and is not repeated. */
  stream(path: string, options?: RequestOptions): Promise<Readable>;
}
