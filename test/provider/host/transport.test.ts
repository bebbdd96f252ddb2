/** One suite for the three ways to a host: what transport.ts promises must hold for each. */
import { once } from "node:events";
import { createHash, randomBytes } from "node:crypto";
import type { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectLocal } from "../../../provider/host/local";
import { connectOpenssh } from "../../../provider/host/openssh";
import { connectSsh2 } from "../../../provider/host/ssh2";
import type { Channel, Transport } from "../../../provider/host/transport";
import { createHost, type TestHost } from "../../host";

let host: TestHost;
beforeAll(async () => {
  host = await createHost();
});
afterAll(async () => host.close());

const ways: readonly [name: string, connect: () => Promise<Transport>][] = [
  ["ssh2", () => connectSsh2(host.connection)],
  ["openssh", () => connectOpenssh(host.connection)],
  ["local", connectLocal],
];

describe.each(ways)("%s", (name, connect) => {
  let transport: Transport;
  beforeAll(async () => {
    transport = await connect();
  });
  afterAll(() => transport.close());

  async function run(command: string, input?: string | Buffer) {
    const channel = await transport.exec(command);
    channel.stdin.end(input);
    const output = await bytes(channel.stdout);
    return { output, exit: await channel.exit, stderr: channel.stderr() };
  }

  test("passes on what a command prints and its status", async () => {
    const { output, exit, stderr } = await run("echo out; echo error >&2; exit 3");
    expect(output.toString()).toBe("out\n");
    expect(stderr.trim()).toBe("error");
    expect(exit).toEqual({ code: 3, signal: undefined });
  });

  test("tells that a signal ended the command", async () => {
    const { exit } = await run("kill -KILL $$");
    // The system's ssh does not say which.
    expect(exit).toEqual({ code: undefined, signal: name === "openssh" ? undefined : "SIGKILL" });
  });

  test("carries 16 MiB of any bytes there and back, and the end of the input", async () => {
    const sent = randomBytes(16 * 1024 * 1024);
    const { output } = await run("cat", sent);
    expect(sha256(output)).toBe(sha256(sent));
  });

  test("waits for a reader instead of filling memory", async () => {
    const channel = await transport.exec("head -c 33554432 /dev/zero; echo >&2 done");
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(channel.stdout.readableLength).toBeLessThan(4 * 1024 * 1024);
    expect(channel.stderr()).not.toContain("done");
    expect((await bytes(channel.stdout)).length).toBe(33554432);
    await channel.exit;
    expect(channel.stderr()).toContain("done");
  });

  test("keeps the beginning and the end of a long standard error, without control characters", async () => {
    const { stderr } = await run("printf 'first\\033[2J\\n' >&2; seq 100000 >&2; echo last >&2");
    expect(stderr).toMatch(/^first\?\[2J\n1\n/);
    expect(stderr).toMatch(/\[\d+ bytes left out\]/);
    expect(stderr.trimEnd()).toMatch(/100000\nlast$/);
    expect(stderr.length).toBeLessThan(20_000);
  });

  test("runs several commands side by side", async () => {
    const results = await Promise.all(
      Array.from({ length: 6 }, (_, index) => run("read -r n; sleep 0.2; echo $n", `${index}\n`)),
    );
    expect(results.map(({ output }) => output.toString())).toEqual(["0\n", "1\n", "2\n", "3\n", "4\n", "5\n"]);
  });

  test("lets go of a command whose channel is closed, which finds its input at an end", async () => {
    const place = `/tmp/slipway-transport-${randomBytes(8).toString("hex")}`;
    const channel = await transport.exec(`echo ready; cat; mkdir ${place}`);
    await once(channel.stdout, "readable");
    channel.stdout.resume();
    channel.close();
    await channel.exit.catch(() => undefined);
    await expect.poll(async () => (await run(`rmdir ${place}`)).exit.code).toBe(0);
  });

  test("ends every channel when it is closed itself", async () => {
    const own = await connect();
    const channel: Channel = await own.exec("echo ready; cat");
    await once(channel.stdout, "readable");
    channel.stdout.resume();
    own.close();
    await channel.exit.catch(() => undefined);
    channel.stdin.write("nobody reads this");
    await expect(own.exec("true").then(({ exit }) => exit)).rejects.toThrow();
  });
});

async function bytes(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function sha256(data: Buffer): string {
  return createHash("sha256").update(data).digest("hex");
}
