import { createHash } from "node:crypto";
import { isSlipwayError, reason, SlipwayError } from "../host/errors";
import { parseReference, writeReference, type ImageReference } from "../resources/image-reference";
import { addressOf } from "../resources/image-source";
import type { Credentials } from "./credential-helper";
import { credentialsFor } from "./credentials";
import { ask, type Answer } from "./request";
import { tokenFor } from "./token";

/** What may be said about looking up a tag; the names are those of an Image. */
export interface ResolveOptions {
  readonly credentials?: { readonly username: string; readonly password: string } | undefined;
  readonly insecure?: boolean | undefined;
  readonly ca?: string | undefined;
}

const manifests = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

const mostRedirects = 5;

/**
 * Looks up what a tag stands for and answers the reference with the digest. One that has a digest needs no registry.
 *
 * @throws SlipwayError where the registry does not say.
 */
export async function resolve(text: string, options: ResolveOptions): Promise<string> {
  const reference = parseReference(text);
  if (reference === undefined) {
    throw new SlipwayError("invalid", `${JSON.stringify(text)} is no name of an image, such as "nginx:1.27"`);
  }
  if (reference.digest !== undefined) return writeReference(reference);
  return writeReference({ ...reference, digest: await new Lookup(reference, options).digest() });
}

/** The way to one manifest. */
class Lookup {
  private readonly address: string;
  private looked = "";

  constructor(
    private readonly reference: ImageReference,
    private readonly options: ResolveOptions,
  ) {
    this.address = addressOf(reference.registry);
  }

  async digest(): Promise<string> {
    const credentials = await this.credentials();
    const secure = new URL(
      `https://${this.address}/v2/${this.reference.repository}/manifests/${this.reference.tag ?? ""}`,
    );
    const found = await this.manifest(secure, credentials).catch((error: unknown) => {
      if (this.options.insecure !== true || isAnswer(error)) throw error;
      return this.manifest(new URL(secure.href.replace(/^https/, "http")), credentials);
    });
    const [, digest] = /^(sha256:[0-9a-f]{64})$/.exec(String(found.headers["docker-content-digest"] ?? "")) ?? [];
    // Registries need not say it; then the whole manifest came.
    return digest ?? `sha256:${createHash("sha256").update(found.body).digest("hex")}`;
  }

  private async credentials(): Promise<Credentials | undefined> {
    this.looked = "the `credentials` given";
    if (this.options.credentials !== undefined) return this.options.credentials;
    const { credentials, looked } = await credentialsFor(this.address);
    this.looked = looked;
    return credentials;
  }

  /** HEAD, which Docker Hub does not count, and GET where that says no digest. */
  private async manifest(url: URL, credentials: Credentials | undefined): Promise<Answer> {
    const authorization = { value: "" };
    const head = await this.follow("HEAD", url, credentials, authorization);
    if (head.headers["docker-content-digest"] !== undefined) return head;
    return this.follow("GET", url, credentials, authorization);
  }

  /** Credentials go to the registry and the token service it names over TLS, and never where a redirect leads. */
  private async follow(
    method: "GET" | "HEAD",
    first: URL,
    credentials: Credentials | undefined,
    authorization: { value: string },
  ): Promise<Answer> {
    let url = first;
    for (let hops = 0; hops <= mostRedirects; hops += 1) {
      const own = url.origin === first.origin;
      let answer = await this.send(method, url, own ? authorization.value : "");
      if (answer.status === 401 && own) {
        authorization.value = await tokenFor(answer, first, credentials, this.options, (...words) =>
          this.fail(...words),
        );
        answer = await this.send(method, url, authorization.value);
      }
      if (answer.status >= 200 && answer.status < 300) return answer;
      const { location } = answer.headers;
      if (answer.status < 300 || answer.status >= 400 || location === undefined) throw this.refusal(answer);
      const next = new URL(location, url);
      if (next.protocol !== "https:" && (next.protocol !== "http:" || url.protocol !== "http:")) {
        throw this.fail("image_invalid", "it redirects to where TLS does not protect");
      }
      url = next;
    }
    throw this.fail("image_invalid", `it redirects more than ${String(mostRedirects)} times`);
  }

  private async send(method: "GET" | "HEAD", url: URL, authorization: string): Promise<Answer> {
    const headers = { accept: manifests, "user-agent": "slipway", ...(authorization !== "" && { authorization }) };
    try {
      return await ask({ method, url, headers, ca: this.options.ca, insecure: this.options.insecure });
    } catch (error) {
      throw this.fail("registry_unreachable", `it gives no answer: ${reason(error)}`, error);
    }
  }

  private refusal({ status, headers }: Answer): SlipwayError {
    if (status === 404) return this.fail("image_not_found", "it does not have the image");
    if (status === 401 || status === 403) return this.fail("registry_refused", "it refuses the request");
    if (status === 429) {
      const after = headers["retry-after"] === undefined ? "for now" : `for ${headers["retry-after"]} s`;
      return this.fail("registry_limited", `it takes no more requests ${after.replace(/[^\w .:,]/g, "?")}`);
    }
    return this.fail("registry_unreachable", `it answers with status ${String(status)}`);
  }

  private fail(code: FailureCode, what: string, cause?: unknown): SlipwayError {
    const sentence = `look up ${writeReference(this.reference)} at the registry ${this.address} from this machine: ${what}`;
    const wayOut = {
      registry_refused: `Credentials used: ${this.looked}. Log in with \`docker login\`, or give \`credentials\`.`,
      image_not_found: `Credentials used: ${this.looked}. Some registries hide what those may not see.`,
      registry_unreachable:
        "A certificate of the registry's own is trusted with `ca`, or not looked at with `insecure`.",
    };
    return new SlipwayError(code, sentence, { cause, wayOut: wayOut[code as keyof typeof wayOut] });
  }
}

/** What a lookup can fail with. */
export type FailureCode =
  "image_invalid" | "image_not_found" | "registry_limited" | "registry_refused" | "registry_unreachable";

/** Whether the registry said something; then asking it another way makes no difference. */
function isAnswer(error: unknown): boolean {
  return !isSlipwayError(error) || error.code !== "registry_unreachable";
}
