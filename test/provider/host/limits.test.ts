/** What sshd allows by default, a slow line, and many at once. */
import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { hostFacts } from "../../../provider/api";
import { closeAll, session } from "../../../provider/host/pool";
import { retry } from "../../../provider/host/retry";
import { connectSsh2 } from "../../../provider/host/ssh2";
import { createHost, type TestHost } from "../../host";
import { Line } from "./line";

afterEach(() => closeAll());

describe("an sshd with default settings", () => {
  let host: TestHost;
  beforeAll(async () => {
    host = await createHost();
  });
  afterAll(async () => host.close());

  test("60 sessions at once, of one process", async () => {
    // A different number makes a different connection.
    const sessions = await Promise.all(
      Array.from({ length: 60 }, async (_, index) =>
        session({ name: `host ${index}`, connection: { ...host.connection, connectTimeout: 60_000 + index } }),
      ),
    );
    expect(new Set(sessions).size).toBe(60);
  });

  test("60 connections at once, as of many processes, get in by trying again", async () => {
    let attempts = 0;
    const transports = await Promise.all(
      Array.from({ length: 60 }, async () =>
        retry(async () => {
          attempts += 1;
          return connectSsh2({ ...host.connection, connectTimeout: 60_000 });
        }),
      ),
    );
    for (const transport of transports) transport.close();
    // Else this proves nothing: MaxStartups lets 10 begin, and drops some of the others.
    expect(attempts).toBeGreaterThan(60);
  });

  test("20 commands at once on one connection, of which MaxSessions allows 10", async () => {
    const transport = await connectSsh2(host.connection);
    const ends = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const channel = await transport.exec("sleep 0.3");
        channel.stdout.resume();
        return (await channel.exit).code;
      }),
    );
    expect(ends).toEqual(Array.from({ length: 20 }, () => 0));
    transport.close();
  });
});

test("an sshd that allows one session on a connection is enough, also to bring the agent", async () => {
  const host = await createHost({ sshdConfig: ["MaxSessions 1"] });
  const open = await session({ name: "host", connection: host.connection });
  expect(open.facts.architecture).toMatch(/amd64|arm64/);
  closeAll();
  const transport = await connectSsh2(host.connection);
  // sshd still counts a session for a moment after its end: about every third of these is refused at first.
  for (let time = 0; time < 30; time += 1) {
    const channel = await transport.exec("true");
    channel.stdout.resume();
    expect((await channel.exit).code).toBe(0);
  }
  const held = await transport.exec("sleep 60");
  await expect(transport.exec("true")).rejects.toMatchObject({ code: "sshd_sessions", unreachable: true });
  held.close();
  transport.close();
  await host.close();
});

test("a server that asks for fresh keys in the middle of an upload does not break it", async () => {
  const host = await createHost({ sshdConfig: ["RekeyLimit 1M"] });
  const open = await session({ name: "host", connection: host.connection });
  const bytes = randomBytes(10_000_000);
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  let made = 0;
  const source = (): Readable => {
    made += 1;
    return Readable.from([bytes]);
  };
  await open.upload(digest, source, bytes.length);
  // A second one would hide that the first connection broke.
  expect(made).toBe(1);
  await host.close();
});

test("an upload over a slow line does not hold up requests, and uses the line", async () => {
  const host = await createHost();
  await session({ name: "host", connection: host.connection });
  const rate = 500_000;
  const line = await Line.to(host.connection.port, rate);
  const open = await session({ name: "slow", connection: { ...host.connection, port: line.port } });
  const bytes = randomBytes(2_500_000);
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  const began = performance.now();
  let done = false;
  const uploading = open.upload(digest, () => Readable.from([bytes]), bytes.length).finally(() => (done = true));
  const waits: number[] = [];
  while (!done) {
    const asked = performance.now();
    await open.request("GET", "/v1/host", undefined, hostFacts);
    waits.push(performance.now() - asked);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await uploading;
  const seconds = (performance.now() - began) / 1000;
  // Unbounded, each request waits for what the windows and buffers on the way take, which is more than two seconds.
  expect(Math.max(...waits)).toBeLessThan(2000);
  expect(waits.length).toBeGreaterThan(5);
  expect(seconds).toBeLessThan((bytes.length / rate) * 2);
  line.close();
  await host.close();
});
