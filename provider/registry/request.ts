import { request as plain, type IncomingHttpHeaders } from "node:http";
import { request as secure } from "node:https";
import { rootCertificates } from "node:tls";

/** What a registry or its token service answered. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** One request. */
export interface Ask {
  readonly method: "GET" | "HEAD" | "POST";
  readonly url: URL;
  readonly headers: Record<string, string>;
  readonly body?: string;
  /** Certificates in PEM that are trusted besides the system's. */
  readonly ca?: string | undefined;
  /** Allows a certificate that nobody vouches for. */
  readonly insecure?: boolean | undefined;
}

/** Milliseconds of silence, and for all of an answer. */
const patience = { silence: 30_000, whole: 120_000 };
const mostBytes = 4 * 1024 ** 2;

/** Asks once; redirects are for the caller to judge. Rejects where there is no answer. */
export function ask({ method, url, headers, body, ca, insecure = false }: Ask): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const send = url.protocol === "http:" ? plain : secure;
    const trust = { rejectUnauthorized: !insecure, ...(ca !== undefined && { ca: [...rootCertificates, ca] }) };
    const signal = AbortSignal.timeout(patience.whole);
    const request = send(url, { method, headers, timeout: patience.silence, signal, ...trust }, (response) => {
      const pieces: Buffer[] = [];
      let size = 0;
      response.on("data", (piece: Buffer) => {
        size += piece.length;
        if (size > mostBytes) response.destroy(new Error("the answer has no end"));
        else pieces.push(piece);
      });
      response.on("error", reject);
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(pieces) });
      });
    });
    request.on("timeout", () => request.destroy(new Error("no answer came in time")));
    request.on("error", reject);
    request.end(body);
  });
}
