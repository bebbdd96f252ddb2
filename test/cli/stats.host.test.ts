import { execFile, spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { debianPackages } from "../../scripts/debian";
import { linesOf } from "../../provider/host/lines";
import { stats, type Stats } from "../../provider/stats";
import type { TestHost } from "../host";
import { Declared } from "./declared";
import { Terminal } from "./terminal";

const run = promisify(execFile);
let declared: Declared;
let host: TestHost;

beforeAll(async () => {
  declared = await Declared.start();
  ({ host } = declared);
  const image = await declared.busybox();
  const shop = await declared.create("Cgroup", "shop", { memory: { max: "64m" } });
  const busy = { image, command: ["sh", "-c", "while true; do :; done"], network: "none", stopSignal: "KILL" };
  await declared.create("Container", "busy", { ...busy, cgroup: shop, cpus: 0.05 });
  await declared.create("Container", "idle", { ...busy, command: ["sleep", "100000"] });
});
afterAll(async () => declared?.close());

/** The words that run the command against the host, by an alias of an ssh_config. */
const command = (...words: string[]): string[] => [
  ...["--require", "tsx/cjs", "cli/main.ts", "stats", ...words],
  ...["--config-file", host.sshConfigFile],
];

async function slipway(...words: string[]): Promise<string> {
  return (await run(process.execPath, command(...words))).stdout;
}

/** Runs the command until something ends it. */
function start(...words: string[]): ChildProcessByStdio<null, Readable, Readable> {
  return spawn(process.execPath, command(...words), { stdio: ["ignore", "pipe", "pipe"] });
}

it("shows once what each uses, with rates", async () => {
  const [heading, ...lines] = (await slipway(host.name, "--no-stream")).trimEnd().split("\n");
  expect(heading).toMatch(
    /^NAME +CPU % +THROTTLED +MEM USAGE \/ LIMIT +MEM % +MEM STALL +OOM +NET I\/O +BLOCK I\/O +PIDS$/,
  );
  expect(lines.map((line) => line.split("  ").find((cell) => cell !== ""))).toEqual(["shop/", "busy", "idle"]);
  const [shop, busy, idle] = lines.map((line) => line.trim().split(/ {2,}/)) as [string[], string[], string[]];
  // 5 ms of every 100, which it gets on a busy machine too; there, two readings may be further apart than they say.
  for (const [, cpu = ""] of [shop, busy]) {
    expect(parseFloat(cpu)).toBeGreaterThan(0);
    expect(parseFloat(cpu)).toBeLessThan(30);
  }
  expect(parseFloat(busy[2] ?? "")).toBeGreaterThan(0);
  expect([idle[2], idle.at(-1)]).toEqual(["--", "1"]);
  // The limit of the group, which is the only one.
  for (const [, , , memory] of [shop, busy]) expect(memory).toMatch(/^[\d.]+[KM]?i?B \/ 64\.0MiB$/);
});

it("gives programs the contract's JSON, of what they ask for", async () => {
  const whole = stats.parse(JSON.parse(await slipway(host.name, "--json", "--no-stream")));
  expect([names(whole.containers), names(whole.cgroups)]).toEqual([["busy", "idle"], ["shop"]]);
  const part = stats.parse(JSON.parse(await slipway(`${host.name}/idle`, "--json", "--no-stream")));
  expect([names(part.containers), part.cgroups, part.hostId]).toEqual([["idle"], [], whole.hostId]);
  await expect(slipway(`${host.name}/nope`)).rejects.toMatchObject({ code: 2, stderr: /no container "nope"/ as never });
});

it("gives Prometheus what its own tool accepts", async () => {
  const text = await slipway(host.name, "--prometheus");
  expect(text).toMatch(
    /^slipway_container_cpu_usage_seconds_total\{host="[\w-]+",organization="acme",project="shop",stack="dev",name="busy",/m,
  );
  expect(text).toMatch(/^slipway_cgroup_spec_memory_limit_bytes\{.*name="shop".*\} 67108864$/m);
  const promtool = join(await debianPackages("prometheus", ["prometheus"]), "usr/bin/promtool");
  const checked = run(promtool, ["check", "metrics"]);
  checked.child.stdin?.end(text);
  // What it would do better is on stderr, and an exit code.
  expect(await checked).toEqual({ stdout: "", stderr: "" });
});

it("goes on after every interval until it is stopped", async () => {
  const child = start(host.name, "--json", "--interval", "200ms");
  const seen: Stats[] = [];
  for await (const line of linesOf(child.stdout)) {
    seen.push(stats.parse(JSON.parse(line.toString())));
    if (seen.length === 3) break;
  }
  const ended = once(child, "exit");
  child.kill("SIGINT");
  expect(await ended).toEqual([null, "SIGINT"]);
  const used = seen.map(({ containers }) => containers[0]?.cpu?.usageUs ?? 0);
  expect([...used].sort((a, b) => a - b)).toEqual(used);
  expect(used.at(-1)).toBeGreaterThan(used[0] ?? 0);
});

it("prints table after table where there is no terminal", async () => {
  const child = start(`${host.name}/busy`, "--interval", "200ms");
  let seen = "";
  for await (const piece of child.stdout) {
    seen += String(piece);
    if (seen.split("\n\n").length === 3) break;
  }
  child.kill();
  const [first, second] = seen.split("\n\n");
  for (const table of [first, second]) expect(table).toMatch(/^NAME .*\nbusy +\d+\.\d\d% .*$/);
  expect(seen).not.toContain("\x1b");
});

it("says how the connection ended", async () => {
  const child = start(host.name);
  let said = "";
  child.stderr.on("data", (piece: Buffer) => (said += piece.toString()));
  await once(child.stdout, "data");
  const ended = once(child, "close");
  await host.must("pkill -KILL -f '[s]lipway-agent serve'");
  child.stdout.resume();
  expect(await ended).toEqual([1, null]);
  expect(said).toMatch(/^slipway: host ".*": the agent ended \(SIGKILL\) \[connection_lost\]$/m);
});

it("refreshes in place in a terminal, whatever its size becomes, and leaves it as it was", async () => {
  // What a person types into is a terminal that script(1) makes; the command's last words are those of a shell.
  const words = [process.execPath, ...command(host.name, "--interval", "100ms")].map((word) => `'${word}'`).join(" ");
  const line = `trap : INT; tty; stty cols 120 rows 20; echo before; ${words}; echo "ended $?"`;
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn("script", ["-qfc", line, "/dev/null"], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, TERM: "xterm" },
  });
  const terminal = new Terminal(child.stdout);
  try {
    await terminal.until(({ draws }) => draws >= 5);
    const [tty = "", ...shown] = terminal.lines;
    expect(shown).toEqual([
      "before",
      expect.stringMatching(/^NAME .* PIDS$/),
      expect.stringMatching(/^shop\/ .*%/),
      expect.stringMatching(/^ {2}busy +\d+\.\d\d% /),
      expect.stringMatching(/^idle +\d+\.\d\d% /),
    ]);
    await run("stty", ["-F", tty, "cols", "50", "rows", "3"]);
    await terminal.until(({ lines }) => lines.at(-1) === "… and 3 more");
    expect(terminal.lines).toEqual([expect.stringMatching(/^NAME .{0,45}$/), "… and 3 more"]);
    child.stdin.write("\x03");
    await terminal.until(({ lines }) => /ended/.test(lines.at(-1) ?? ""));
    // 128 and SIGINT, as of any program that ^C ends.
    expect(terminal.lines.slice(2)).toEqual([expect.stringMatching(/^(\^C)?ended 130$/)]);
    expect([...terminal.modes].filter(([, on]) => !on)).toEqual([]);
  } finally {
    child.stdin.end();
    child.kill();
  }
});

function names(all: readonly { owner: string }[]): string[] {
  return all.map(({ owner }) => owner.replace(/.*::/, ""));
}
