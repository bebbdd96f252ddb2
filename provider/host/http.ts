import { type ClientHttp2Session, type ClientHttp2Stream, constants, type IncomingHttpHeaders } from "node:http2";
import type { Readable } from "node:stream";
import type { ZodType } from "zod";
import { problem as problemSchema } from "../api";
import { reason, SlipwayError } from "./errors";
import type { Pacer } from "./pacer";
import { printable } from "./stderr";

/** No answer of the agent is larger; logs come as streams. */
const mostBytes = 64 * 1024 * 1024;
const chunkSize = 32 * 1024;

/** A request without its body. */
export interface Call {
  readonly method: "GET" | "PUT" | "DELETE";
  readonly path: string;
  readonly signal?: AbortSignal | undefined;
  readonly progress?: Progress | undefined;
}

/** Hears how far a request has got: bytes that came, and all there are, which may become more. */
export type Progress = (done: number, total: number) => void;

/** Asks for one thing with a JSON body, or none where it is undefined, and reads the answer by its schema. */
export async function exchange<T>(http: ClientHttp2Session, call: Call, body: unknown, schema: ZodType<T>): Promise<T> {
  const stream = open(http, call, body === undefined ? {} : { "content-type": "application/json" });
  stream.end(body === undefined ? undefined : JSON.stringify(body));
  const text = await answerOf(stream, call);
  const parsed = schema.safeParse(text === "" ? undefined : parseJson(text));
  if (parsed.success) return parsed.data;
  throw invalid(call, `is not as agreed: ${reason(parsed.error)}`);
}

/** Sends bytes, as many as the pacer lets pass at a time; ends early where the agent answers before the end. */
export async function send(
  http: ClientHttp2Session,
  call: Call,
  source: Readable,
  size: number,
  pacer: Pacer,
): Promise<void> {
  const stream = open(http, call, { "content-type": "application/octet-stream", "content-length": String(size) });
  const answer = answerOf(stream, call);
  const over = new AbortController();
  const end = (): void => {
    over.abort();
    source.destroy();
  };
  answer.then(end, end);
  try {
    let left = size;
    for await (const piece of pieces(source)) {
      left -= piece.length;
      if (left < 0) break;
      await pacer.admit(piece.length);
      if (!over.signal.aborted) await taken(stream, piece);
      pacer.wrote(piece.length);
    }
    // The agent would break the request off without a word on what is wrong.
    if (left !== 0 && !over.signal.aborted)
      throw new Error(`there are ${left < 0 ? "more" : "fewer"} than ${size} of them`);
  } catch (error) {
    // Once there is an answer it is what counts, and the source was ended by us.
    if (over.signal.aborted) return void (await answer);
    stream.close(constants.NGHTTP2_CANCEL);
    throw new SlipwayError("source_unreadable", `${call.path}: the bytes to send cannot be read: ${reason(error)}`, {
      cause: error,
    });
  } finally {
    source.destroy();
  }
  stream.end();
  await answer;
}

/** Opens a streaming answer. */
export async function subscribe(http: ClientHttp2Session, call: Call): Promise<Readable> {
  const stream = open(http, call, {});
  stream.end();
  return answered(stream, call, () => Promise.resolve(stream));
}

function open(
  http: ClientHttp2Session,
  { method, path, signal, progress }: Call,
  headers: Record<string, string>,
): ClientHttp2Stream {
  if (http.destroyed || http.closed) throw lost({ method, path });
  const stream = http.request(
    { ":method": method, ":path": path, ...headers },
    { endStream: false, ...(signal ? { signal } : {}) },
  );
  // Interim answers.
  stream.on("headers", (interim: IncomingHttpHeaders) => {
    const [, done, total] = /^(\d+)\/(\d+)$/.exec(String(interim["slipway-progress"] ?? "")) ?? [];
    if (total !== undefined) progress?.(Number(done), Number(total));
  });
  return stream;
}

/** The whole body of a yes, "" for 204. */
function answerOf(stream: ClientHttp2Stream, call: Call): Promise<string> {
  return answered(stream, call, (length) => readText(stream, call, length));
}

/**
 * Takes the answer when it begins and is a yes. A no is an error with the agent's problem, a break one with
 * "connection_lost". Reading starts within the event itself, for a short answer is over in the same turn of the loop.
 */
function answered<T>(
  stream: ClientHttp2Stream,
  call: Call,
  take: (length: number | undefined) => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const closed = (): void => reject(broken(call, new Error(`stream closed with code ${stream.rstCode}`)));
    stream.on("error", (error: Error) => reject(broken(call, error)));
    stream.on("close", closed);
    stream.once("response", (headers: IncomingHttpHeaders & { ":status"?: number }) => {
      stream.off("close", closed);
      const status = headers[":status"] ?? 0;
      const length = headers["content-length"] === undefined ? undefined : Number(headers["content-length"]);
      if (status >= 200 && status < 300) take(length).then(resolve, reject);
      else readText(stream, call, length).then((text) => reject(refusal(call, status, text)), reject);
    });
  });
}

function readText(stream: ClientHttp2Stream, call: Call, expected: number | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    stream.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > mostBytes) stream.destroy(new Error("the answer has no end"));
    });
    stream.on("end", () => {
      // A connection that breaks in the middle of an answer may look like its end.
      if (expected !== undefined && size !== expected) reject(broken(call, new Error("the answer was cut off")));
      else resolve(Buffer.concat(chunks).toString());
    });
    stream.on("error", (error: Error) => reject(broken(call, error)));
    stream.on("close", () => reject(broken(call, new Error(`stream closed with code ${stream.rstCode}`))));
  });
}

function refusal(call: Call, status: number, text: string): SlipwayError {
  const parsed = problemSchema.safeParse(parseJson(text));
  if (parsed.success) return new SlipwayError(parsed.data.code, parsed.data.detail, { problem: parsed.data });
  return invalid(call, `has status ${status} and no problem: ${printable(text.slice(0, 200))}`);
}

function invalid({ method, path }: Call, what: string): SlipwayError {
  return new SlipwayError("answer_invalid", `the agent's answer to ${method} ${path} ${what}`);
}

function broken(call: Call, error: Error): SlipwayError {
  if (call.signal?.aborted) return new SlipwayError("aborted", `${call.method} ${call.path} was called off`);
  return lost(call, error);
}

function lost({ method, path }: Call, error?: Error): SlipwayError {
  return new SlipwayError(
    "connection_lost",
    `${method} ${path}: the connection broke${error ? `: ${reason(error)}` : ""}`,
  );
}

function taken(stream: ClientHttp2Stream, piece: Buffer): Promise<void> {
  return new Promise((resolve) => {
    // Whatever ends the stream is told by its answer.
    stream.once("close", resolve);
    stream.write(piece, () => {
      stream.off("close", resolve);
      resolve();
    });
  });
}

/** The bytes of a stream in pieces of about 32 KiB, whatever they come in. */
async function* pieces(source: Readable): AsyncGenerator<Buffer> {
  let kept: Buffer[] = [];
  let size = 0;
  for await (const chunk of source) {
    const buffer = Buffer.from(chunk as Buffer);
    kept.push(buffer);
    size += buffer.length;
    if (size < chunkSize) continue;
    const joined = kept.length === 1 ? buffer : Buffer.concat(kept);
    for (let at = 0; at < size; at += chunkSize) yield joined.subarray(at, at + chunkSize);
    kept = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(kept);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
