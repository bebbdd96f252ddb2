import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";

import { Bench } from "./bench.js";
import type { Program, Settings } from "./program.js";
import { Stack } from "./stack.js";

/** An archive with the entries given, written without any care for what they say. */
async function archive(...entries: { name: string; linkname?: string; body?: string }[]): Promise<Buffer> {
  const out = pack();
  for (const { name, linkname, body = "" } of entries) {
    if (linkname === undefined) out.entry({ name, mode: 0o755 }, body);
    else out.entry({ name, linkname, type: "symlink" });
  }
  out.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of out) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

describe("what cannot be", () => {
  let bench: Bench;
  let stack: Stack;

  beforeAll(async () => {
    bench = await Bench.create();
  });
  afterEach(async () => {
    try {
      await stack.destroy();
      await bench.expectSameAs(stack);
    } finally {
      await stack.dispose();
    }
  });
  afterAll(async () => {
    await bench?.dispose();
  });

  test("every wrong argument is reported at once, with path, rule and value", async () => {
    stack = await Stack.create(({ slipway, busybox }) => {
      const { host } = busybox();
      const wrong = {
        host,
        network: "bridge",
        memory: "64 parsecs",
        cpus: -1,
        pidsLimit: 1.5,
        env: { "NOT=A NAME": "x" },
        command: "sleep 10",
        workingDir: "relative",
        hostname: "not_a_name!",
        stopSignal: "SIGNOTHING",
        stopTimeout: "soon",
        wait: "healthy",
        colour: "red",
      };
      new slipway.Container("web", wrong as never);
    }, bench.settings());

    const { output } = await stack.failing("preview");

    for (const [path, value] of [
      ["image", "it is missing"],
      ["network", "bridge"],
      ["memory", "64 parsecs"],
      ["cpus", "-1"],
      ["pidsLimit", "1.5"],
      ["env", "NOT=A NAME"],
      ["command", "a string"],
      ["workingDir", "relative"],
      ["hostname", "not_a_name!"],
      ["stopSignal", "SIGNOTHING"],
      ["stopTimeout", "soon"],
      ["wait", "healthy"],
      ["colour", ""],
    ] as const) {
      const line = output.split("\n").find((text) => text.includes(path) && text.includes(value));
      expect(line, `${path} with ${value} in:\n${output}`).toBeDefined();
    }
  });

  test("bad archives give clear errors and leave nothing behind", async () => {
    const program: Program<Settings & { archives: string[] }> = ({ slipway, settings }) => {
      const host = new slipway.Host("host", settings.host);
      for (const rootfs of settings.archives) new slipway.Layer(rootfs, { host, rootfs });
    };
    const good = gzipSync(await readFile(bench.settings().rootfs));
    const damaged = Buffer.from(good);
    damaged.writeUInt32LE(~good.readUInt32LE(good.length - 8) >>> 0, good.length - 8);
    const bad: Record<string, { bytes: Buffer; says: RegExp }> = {
      "truncated.tar.gz": { bytes: good.subarray(0, good.length / 2), says: /truncated|unexpected end|EOF/i },
      "damaged.tar.gz": { bytes: damaged, says: /checksum/i },
      "upwards.tar": { bytes: await archive({ name: "../../outside", body: "x" }), says: /outside|escape/i },
      "through-link.tar": {
        bytes: await archive({ name: "out", linkname: "/var/lib" }, { name: "out/outside", body: "x" }),
        says: /outside|escape|not a directory|link/i,
      },
      "not-an.tar": { bytes: Buffer.from("this is no archive\n".repeat(100)), says: /not a tar|header|archive/i },
    };
    stack = await Stack.create(program, { ...bench.settings(), archives: [] });
    await stack.up();
    const before = await bench.snapshot();
    for (const [name, { bytes }] of Object.entries(bad)) await stack.writeFile(name, bytes);

    await stack.write(program, { ...bench.settings(), archives: Object.keys(bad) });
    const { output } = await stack.failing("up", "--continue-on-error");

    for (const [name, { says }] of Object.entries(bad)) {
      const message = output.split(/\n\s*\n|(?=pulumi-nodejs:dynamic)/).find((text) => text.includes(`${name})`));
      expect(message, name).toMatch(says);
    }
    expect(await bench.changes(before, { agent: "gone" })).toEqual([]);
    expect(await bench.host.must("find / -xdev -name outside; find /var/lib -name outside")).toBe("");
  });

  test("a program that does not exist or may not run is an error that leaves no container", async () => {
    stack = await Stack.create(({ slipway, busybox }) => {
      const { host, image } = busybox();
      new slipway.Container("missing", { host, image, command: ["/no/such/program"], network: "none" });
      new slipway.Container("forbidden", { host, image, command: ["/etc/passwd"], network: "none" });
      new slipway.Container("folder", { host, image, command: ["/etc"], network: "none" });
    }, bench.settings());

    const { output } = await stack.failing("up", "--continue-on-error");

    expect(output).toMatch(/\/no\/such\/program.*127|127.*\/no\/such\/program/s);
    expect(output).toMatch(/\/etc\/passwd.*126|126.*\/etc\/passwd/s);
    expect((await stack.resources()).filter(({ type }) => type.endsWith(":Container"))).toEqual([]);
    expect((await bench.inventory()).containers).toEqual([]);
  });

  test("a container that ends at once is recorded, with its code and log, and tried again", async () => {
    const program: Program<Settings & { good: boolean }> = ({ slipway, settings, busybox }) => {
      const { host, image } = busybox();
      const script =
        'i=1; while [ $i -le 30 ]; do echo "line $i"; i=$((i+1)); done; test -e /fixed || exit 7; sleep 100000';
      new slipway.Container("web", {
        host,
        image,
        command: ["sh", "-c", settings.good ? `touch /fixed; ${script}` : script],
        network: "none",
      });
    };
    stack = await Stack.create(program, { ...bench.settings(), good: false });

    for (const round of [1, 2]) {
      const { output } = await stack.failing("up");
      expect(output, `round ${round}`).toMatch(/\b7\b/);
      expect(output).toContain("line 30");
      expect(output).toContain("line 11");
      expect(output).not.toContain("line 10\n");
      const { id, initErrors } = await stack.resource("Container", "web");
      expect(initErrors).not.toHaveLength(0);
      expect(await bench.container(id)).toMatchObject({ running: false, exitCode: 7 });
      await bench.expectSameAs(stack);
    }

    await stack.write(program, { ...bench.settings(), good: true });
    await stack.up();
    expect((await stack.up()).steps).toEqual([]);
  });

  test("a job that fails says so, and is run again", async () => {
    const program: Program<Settings & { code: number }> = ({ slipway, settings, busybox }) => {
      const { host, image } = busybox();
      const command = ["sh", "-c", `echo counting; exit ${settings.code}`];
      new slipway.Container("job", { host, image, command, network: "none", wait: "exit" });
    };
    stack = await Stack.create(program, { ...bench.settings(), code: 5 });
    const { output } = await stack.failing("up");
    expect(output).toContain("counting");
    expect(output).toMatch(/\b5\b/);

    await stack.write(program, { ...bench.settings(), code: 0 });
    await stack.up();
    expect((await stack.resource("Container", "job")).outputs["exitCode"]).toBe(0);
    expect((await stack.up("--refresh")).steps.filter(({ op }) => op !== "refresh")).toEqual([]);
  });
});
