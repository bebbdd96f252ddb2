import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { isSlipwayError } from "../../../provider/host/errors";
import { resolve } from "../../../provider/registry/resolve";

/** Registries and token services without TLS, which say what real ones say and what none should. */

const digest = `sha256:${"a".repeat(64)}`;
const credentials = { username: "robot", password: "s3cret-of-the-test" };
const basic = `Basic ${Buffer.from("robot:s3cret-of-the-test").toString("base64")}`;
let servers: Server[] = [];
afterEach(() => {
  for (const server of servers) server.close();
  servers = [];
});

/** Starts one; the answer is its address and what it was asked. */
async function serve(listener: RequestListener): Promise<{ address: string; seen: IncomingMessage[] }> {
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    seen.push(request);
    listener(request, response);
  });
  servers.push(server);
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return { address: `127.0.0.1:${String((server.address() as AddressInfo).port)}`, seen };
}

const lookUp = async (address: string): Promise<string> => resolve(`${address}/app:1`, { insecure: true, credentials });

const failure = async (address: string): Promise<string> =>
  lookUp(address).then(
    () => "it succeeded",
    (error: unknown) => (isSlipwayError(error) ? `${error.code}: ${error.message}` : String(error)),
  );

describe("a tag is looked up", () => {
  it("by a HEAD, which is not counted as a pull", async () => {
    const { address, seen } = await serve((_, response) => response.setHeader("docker-content-digest", digest).end());
    expect(await lookUp(address)).toBe(`${address}/app:1@${digest}`);
    expect(seen.map(({ method, url }) => `${method ?? ""} ${url ?? ""}`)).toEqual(["HEAD /v2/app/manifests/1"]);
  });

  it("by the manifest itself where the registry does not say the digest", async () => {
    const { address } = await serve((_, response) => response.end("{}"));
    const sum = createHash("sha256").update("{}").digest("hex");
    expect(await lookUp(address)).toBe(`${address}/app:1@sha256:${sum}`);
  });

  it("with a token of the registry's own service", async () => {
    const { address, seen } = await serve((request, response) => {
      const url = new URL(request.url ?? "", "http://x");
      if (url.pathname === "/token") {
        const right =
          url.searchParams.get("scope") === "repository:app:pull" && request.headers.authorization === basic;
        return void response.writeHead(right ? 200 : 403).end('{"token":"good"}');
      }
      if (request.headers.authorization === "Bearer good") {
        return void response.setHeader("docker-content-digest", digest).end();
      }
      const challenge = `Bearer realm="http://${request.headers.host ?? ""}/token",service="s",scope="repository:app:pull"`;
      response.writeHead(401, { "www-authenticate": challenge }).end();
    });
    expect(await lookUp(address)).toBe(`${address}/app:1@${digest}`);
    expect(seen).toHaveLength(3);
  });

  it("not at all where it has its digest already", async () => {
    expect(await resolve(`nginx@${digest}`, {})).toBe(`docker.io/library/nginx@${digest}`);
  });
});

it("follows redirects without credentials", async () => {
  const thief = await serve((_, response) => response.setHeader("docker-content-digest", digest).end());
  const { address } = await serve((request, response) => {
    if (request.headers.authorization === basic) {
      return void response.writeHead(307, { location: `http://${thief.address}/elsewhere` }).end();
    }
    response.writeHead(401, { "www-authenticate": 'Basic realm="x"' }).end();
  });
  expect(await lookUp(address)).toBe(`${address}/app:1@${digest}`);
  expect(thief.seen.map(({ headers }) => headers.authorization)).toEqual([undefined]);
});

it.each<[string, RequestListener, RegExp]>([
  [
    "nothing there",
    (_, response) => response.writeHead(404).end(),
    /^image_not_found: .*\nCredentials used: the `cred/,
  ],
  ["a refusal", (_, response) => response.writeHead(403).end(), /^registry_refused: .*docker login/s],
  ["a limit", (_, response) => response.writeHead(429, { "retry-after": "60" }).end(), /^registry_limited: .*for 60 s/],
  ["a failure", (_, response) => response.writeHead(500).end(), /^registry_unreachable: .*status 500/],
  [
    "redirects without end",
    (_, response) => response.writeHead(302, { location: "/again" }).end(),
    /^image_invalid: .*more than 5/,
  ],
  [
    "a redirect to a file",
    (_, response) => response.writeHead(302, { location: "file:///etc/passwd" }).end(),
    /^image_invalid: .*TLS/,
  ],
  [
    "a token service elsewhere without TLS",
    (_, response) => response.writeHead(401, { "www-authenticate": 'Bearer realm="http://169.254.169.254/x"' }).end(),
    /^image_invalid: .*not protected/,
  ],
  [
    "no end",
    ({ method }, response) => void (method === "HEAD" ? response.end() : response.write("x".repeat(5 * 1024 ** 2))),
    /^registry_unreachable: .*no end/,
  ],
])("says what is wrong: %s", async (_, listener, expected) => {
  const { address } = await serve(listener);
  const says = await failure(address);
  expect(says).toMatch(expected);
  expect(says).not.toContain(credentials.password);
});

it("says that there is no registry, and that a name is none", async () => {
  expect(await failure("127.0.0.1:9")).toMatch(/^registry_unreachable: look up 127.0.0.1:9\/app:1 .*`ca`/s);
  expect(await resolve("Nginx", {}).catch(String)).toContain('"Nginx" is no name of an image');
});
