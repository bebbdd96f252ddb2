import type { Credentials } from "./credential-helper";
import { ask, type Answer } from "./request";
import type { FailureCode, ResolveOptions } from "./resolve";

/** Makes an error of what is wrong. */
type Fail = (code: FailureCode, what: string, cause?: unknown) => Error;

/**
 * Answers a registry's challenge with what to put in Authorization. The token service gets the credentials, so it has to
 * be reached by TLS, or be the registry itself.
 */
export async function tokenFor(
  { headers }: Answer,
  registry: URL,
  credentials: Credentials | undefined,
  { ca, insecure }: ResolveOptions,
  fail: Fail,
): Promise<string> {
  const challenge = headers["www-authenticate"] ?? "";
  const basic =
    credentials?.password === undefined
      ? undefined
      : `Basic ${Buffer.from(`${credentials.username ?? ""}:${credentials.password}`).toString("base64")}`;
  const parameters = new Map(
    [...challenge.matchAll(/(\w+)\s*=\s*"([^"]*)"/g)].map(([, name = "", value = ""]) => [name.toLowerCase(), value]),
  );
  const realm = parameters.get("realm") ?? "";
  if (!/^bearer\s/i.test(challenge.trim())) {
    if (basic === undefined) throw fail("registry_refused", "it gives nothing to nobody without credentials");
    return basic;
  }
  if (!URL.canParse(realm)) throw fail("image_invalid", "it names no token service");
  const service = new URL(realm);
  if (service.protocol !== "https:" && service.origin !== registry.origin) {
    throw fail("image_invalid", "the token service it names is not protected by TLS");
  }
  const asked = new URLSearchParams();
  for (const name of ["service", "scope"]) if (parameters.has(name)) asked.set(name, parameters.get(name) ?? "");
  const identity = credentials?.identityToken;
  let answer: Answer;
  try {
    if (identity === undefined) {
      for (const [name, value] of asked) service.searchParams.set(name, value);
      const authorization = basic === undefined ? {} : { authorization: basic };
      answer = await ask({ method: "GET", url: service, headers: authorization, ca, insecure });
    } else {
      asked.set("grant_type", "refresh_token");
      asked.set("refresh_token", identity);
      asked.set("client_id", "slipway");
      const form = { "content-type": "application/x-www-form-urlencoded" };
      answer = await ask({ method: "POST", url: service, headers: form, body: asked.toString(), ca, insecure });
    }
  } catch (error) {
    throw fail("registry_unreachable", "its token service gives no answer", error);
  }
  if (answer.status !== 200) throw fail("registry_refused", "its token service refuses the request");
  return `Bearer ${tokenIn(answer.body) ?? ""}`;
}

function tokenIn(body: Buffer): string | undefined {
  try {
    const found = JSON.parse(body.toString()) as Record<string, unknown>;
    return [found["token"], found["access_token"]].find(
      (token): token is string => typeof token === "string" && /^[\x21-\x7e]+$/.test(token),
    );
  } catch {
    return undefined;
  }
}
