/** Conversations with the real agent on real hosts, and what becomes of them when something breaks. */
import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { hostAnswer, hostFacts } from "../../../provider/api";
import type { HostConnection } from "../../../provider/host/connection";
import { closeAll, session } from "../../../provider/host/pool";
import { createHost, type TestHost } from "../../host";
import { Line } from "./line";
import { z } from "zod";

let host: TestHost;
beforeEach(async () => {
  host = await createHost();
});
afterEach(async () => {
  closeAll();
  vi.useRealTimers();
  await host.close();
});

const at = (extra: Partial<HostConnection> = {}) => ({ name: "web1", connection: { ...host.connection, ...extra } });
const gone = "/v1/containers/00000000000000000000000000000000";
const processes = async (pattern: string): Promise<number> =>
  Number((await host.exec(`pgrep -fc '${pattern}'`)).stdout.trim());

function blob(size: number): { digest: string; source: () => Readable; size: number; made: () => number } {
  const bytes = randomBytes(size);
  let made = 0;
  const source = (): Readable => {
    made += 1;
    return Readable.from(
      (function* () {
        for (let start = 0; start < size; start += 100_000) yield bytes.subarray(start, start + 100_000);
      })(),
    );
  };
  return { digest: `sha256:${createHash("sha256").update(bytes).digest("hex")}`, source, size, made: () => made };
}

describe.each(["ssh2", "openssh"] as const)("%s", (transport) => {
  test("one connection carries all requests of all callers", async () => {
    const sessions = await Promise.all(Array.from({ length: 20 }, async () => session(at({ transport }))));
    expect(new Set(sessions).size).toBe(1);
    const [one] = sessions;
    const answers = await Promise.all(
      Array.from({ length: 100 }, async () => one?.request("GET", "/v1/host", undefined, hostFacts)),
    );
    for (const answer of answers) expect(answer).toEqual(one?.facts);
    expect(await processes("[s]shd: root@notty")).toBe(1);
    expect(await processes("[s]lipway-agent serve")).toBe(1);
  });

  test("a no of the agent is an error with its problem", async () => {
    const open = await session(at({ transport }));
    const error: unknown = await open.request("GET", gone, undefined, hostAnswer).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "gone", unreachable: false, problem: { status: 404, code: "gone" } });
    await expect(open.stream(`${gone}/logs`)).rejects.toMatchObject({ code: "gone" });
    await open.request("DELETE", gone, undefined, z.undefined());
  });

  test("an answer that is not as agreed is an error", async () => {
    const open = await session(at({ transport }));
    const wrong = open.request("GET", "/v1/host", undefined, z.strictObject({ hostId: z.number() }));
    await expect(wrong).rejects.toMatchObject({
      code: "answer_invalid",
      message: expect.stringContaining("hostId") as string,
    });
  });

  test("a request over a broken connection is carried out over a fresh one", async () => {
    const open = await session(at({ transport }));
    for (const end of ["pkill -KILL -f '[s]lipway-agent serve'", "pkill -KILL -f '[s]shd: root@notty'"]) {
      await host.must(end);
      expect(await open.request("GET", "/v1/host", undefined, hostFacts)).toEqual(open.facts);
    }
    // At once, without time to notice.
    const results = await Promise.all([
      host.exec("pkill -KILL -f '[s]lipway-agent serve'"),
      ...Array.from({ length: 200 }, async () => open.request("GET", "/v1/host", undefined, hostFacts)),
    ]);
    expect(results).toHaveLength(201);
  });

  test("a connection that breaks while the agent is on its way is made anew", async () => {
    const line = await Line.to(host.connection.port, 1_000_000);
    const opening = session(at({ transport, port: line.port }));
    const parts = async (): Promise<string> => (await host.exec("ls -A /var/lib/slipway/agent/*")).stdout;
    await expect.poll(parts, { timeout: 30_000 }).toContain(".slipway-agent");
    await host.must("pkill -KILL -f '[s]shd: root@notty'");
    expect((await opening).facts.hostId).toMatch(/^[0-9a-f]{32}$/);
    line.close();
  });

  test("an upload arrives whole, also when it is cut off once", async () => {
    const open = await session(at({ transport }));
    const whole = blob(3_000_001);
    await open.upload(whole.digest, whole.source, whole.size);
    expect(whole.made()).toBe(1);
    const cut = blob(30_000_000);
    const uploading = open.upload(cut.digest, cut.source, cut.size);
    await vi.waitUntil(() => cut.made() === 1, { timeout: 20_000 });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await host.must("pkill -KILL -f '[s]lipway-agent serve'");
    await uploading;
    expect(cut.made()).toBe(2);
  });

  test("an upload of the wrong bytes, of too few, or of a source that fails", async () => {
    const open = await session(at({ transport }));
    const { digest } = blob(10);
    const other = blob(200_000);
    await expect(open.upload(digest, other.source, other.size)).rejects.toMatchObject({ code: "digest_mismatch" });
    const failing = () =>
      Readable.from(
        (function* () {
          yield Buffer.alloc(100_000);
          throw new Error("the file vanished");
        })(),
      );
    await expect(open.upload(digest, failing, 200_000)).rejects.toMatchObject({
      code: "source_unreadable",
      message: expect.stringContaining("the file vanished") as string,
    });
    for (const [size, found] of [
      [other.size + 1, "fewer"],
      [other.size - 1, "more"],
    ] as const) {
      await expect(open.upload(other.digest, other.source, size)).rejects.toMatchObject({
        code: "source_unreadable",
        message: expect.stringContaining(`${found} than ${String(size)}`) as string,
      });
    }
    expect(await open.request("GET", "/v1/host", undefined, hostFacts)).toEqual(open.facts);
  });

  test("a request can be called off", async () => {
    const open = await session(at({ transport }));
    const controller = new AbortController();
    const endless = () => new Readable({ read: () => undefined });
    const uploading = open.upload(blob(1).digest, endless, 1000, { signal: controller.signal });
    setTimeout(() => controller.abort(), 50);
    await expect(uploading).rejects.toMatchObject({ code: "aborted" });
    expect(await open.request("GET", "/v1/host", undefined, hostFacts)).toEqual(open.facts);
  });

  test("another machine at the address is told from the one before", async () => {
    const open = await session(at({ transport }), { expectHostId: undefined });
    await session(at({ transport }), { expectHostId: open.facts.hostId });
    await expect(session(at({ transport }), { expectHostId: "0".repeat(32) })).rejects.toMatchObject({
      code: "other_machine",
      unreachable: true,
    });
    // The address stays, the disk does not.
    await host.must(
      "rm -rf /var/lib/slipway/*; echo 1234567890abcdef1234567890abcdef >/etc/machine-id; pkill -KILL -f '[s]lipway-agent serve'",
    );
    await expect(open.request("GET", "/v1/host", undefined, hostFacts)).rejects.toMatchObject({
      code: "other_machine",
      message: expect.stringContaining('host "web1"') as string,
    });
  });

  test("a host that falls silent is noticed", async () => {
    const line = await Line.to(host.connection.port);
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const open = await session(at({ transport, port: line.port, connectTimeout: 1000 }));
    line.fallSilent();
    const asked = open.request("GET", "/v1/host", undefined, hostFacts).catch((thrown: unknown) => thrown);
    for (let look = 0; look < 6; look += 1) {
      vi.advanceTimersByTime(10_000);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    // It tries once more, and finds that nobody greets.
    expect(await asked).toMatchObject({ code: "connect_timeout", unreachable: true });
    line.close();
  });
});

test("a host that could not be reached is not tried again for each resource", async () => {
  const connection = { ...host.connection, port: 1, connectTimeout: 2000 };
  const began = Date.now();
  await expect(session({ name: "dead", connection })).rejects.toMatchObject({ code: "connection_refused" });
  const first = Date.now() - began;
  expect(first).toBeGreaterThan(500);
  for (let resource = 0; resource < 20; resource += 1) {
    await expect(session({ name: "dead", connection })).rejects.toThrow('host "dead"');
  }
  expect(Date.now() - began - first).toBeLessThan(first);
});
