import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { inventory, type Inventory } from "../../provider/api";
import type { TestHost } from "../host";
import { Declared } from "./declared";

let declared: Declared;
let host: TestHost;

const script = 'echo one; echo oh >&2; printf "t"; printf "wo\\n"; while true; do sleep 1; done';

beforeAll(async () => {
  declared = await Declared.start();
  ({ host } = declared);
  const image = await declared.busybox();
  await declared.create("Container", "web", {
    image,
    command: ["sh", "-c", script],
    network: "none",
    stopSignal: "KILL",
  });
  await declared.create("Container", "job", { image, command: ["true"], network: "none", wait: "exit" });
});
afterAll(async () => declared?.close());

const command = ["--require", "tsx/cjs", "cli/main.ts"];

/** Runs the command against the host, by an alias of an ssh_config. */
async function slipway(...words: string[]): Promise<{ stdout: string; stderr: string }> {
  return promisify(execFile)(process.execPath, [...command, ...words, "--config-file", host.sshConfigFile]);
}

it("inspect tells what is there, with state and exit code", async () => {
  const { stdout } = await slipway("inspect", host.name);
  expect(stdout).toMatch(new RegExp(`^${host.name}: .*\\nhost id \\w+\\n\\nacme/shop/dev\\n`));
  expect(stdout).toMatch(/^ {2}container {2}web {6}running since \S+ +\S+\/[0-9a-f]{12}$/m);
  expect(stdout).toMatch(/^ {2}container {2}job {6}exited \(0\) at \S+ +\S+\/[0-9a-f]{12}$/m);
  expect(stdout).toMatch(/^ {2}layer {6}base {5}intact, [\d.]+ MiB/m);
});

it("inspect --json is the agent's inventory", async () => {
  const { stdout } = await slipway("inspect", host.name, "--json");
  const found: Inventory = inventory.parse(JSON.parse(stdout));
  expect(found.containers.map(({ running }) => running).sort()).toEqual([false, true]);
  expect([found.hosts.length, found.layers.length, found.images.length]).toEqual([0, 1, 1]);
});

it("logs writes each line to the stream it came from", async () => {
  const all = async (): Promise<unknown> => slipway("logs", `${host.name}/web`);
  await expect.poll(all, { timeout: 30_000 }).toEqual({ stdout: "one\ntwo\n", stderr: "oh\n" });
  // Which of two streams was read last is nobody's to say.
  const { stdout, stderr } = await slipway("logs", `${host.name}/web`, "--tail", "1");
  expect(["two\n", "oh\n"]).toContain(stdout + stderr);
});

it("logs --follow shows what is written until it is stopped", async () => {
  const words = [...command, "logs", `${host.name}/web`, "--follow", "--config-file", host.sshConfigFile];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "ignore"] });
  let seen = "";
  for await (const piece of child.stdout) {
    seen += String(piece);
    if (seen === "one\ntwo\n") break;
  }
  const ended = once(child, "exit");
  child.kill("SIGINT");
  expect(await ended).toEqual([null, "SIGINT"]);
});

it("logs --follow says how the connection ended", async () => {
  const words = [...command, "logs", `${host.name}/web`, "--follow", "--config-file", host.sshConfigFile];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stderr.on("data", (piece: Buffer) => (said += piece.toString()));
  await once(child.stdout, "data");
  const ended = once(child, "close");
  await host.must("pkill -KILL -f '[s]lipway-agent serve'");
  child.stdout.resume();
  expect(await ended).toEqual([1, null]);
  expect(said).toMatch(/^slipway: host ".*": the agent ended \(SIGKILL\) \[connection_lost\]$/m);
});

it("a container that is not there is a mistake that tells which are", async () => {
  const failure = (await slipway("logs", `${host.name}/nope`).catch((error: unknown) => error)) as {
    code: number;
    stderr: string;
  };
  expect(failure.code).toBe(2);
  expect(failure.stderr).toMatch(/no container "nope" on this host; there are (web|job) \(\S+\), (web|job) \(\S+\)/);
});

it("pause, unpause and kill do it, say to what, and may be repeated", async () => {
  const state = async (): Promise<string> => {
    const { stdout } = await slipway("inspect", host.name);
    return /^ {2}container {2}web +(.*?) {2,}/m.exec(stdout)?.[1] ?? stdout;
  };
  for (const [word, expected] of [
    ["pause", /^paused, running since /],
    ["unpause", /^running since /],
    ["pause", /^paused, running since /],
    ["kill", /^exited \(137\) at /],
  ] as const) {
    for (let times = 0; times < 2; times++) {
      const idle = word === "kill" && times > 0;
      const said = idle ? { stdout: "", stderr: "the container web did not run\n" } : { stdout: "web\n", stderr: "" };
      expect(await slipway(word, `${host.name}/web`)).toEqual(said);
    }
    expect(await state()).toMatch(expected);
  }
  const failure = (await slipway("pause", `${host.name}/web`).catch((error: unknown) => error)) as { stderr: string };
  expect(failure.stderr).toMatch(/the container web does not run, so that there is nothing to pause/);
  await slipway("unpause", `${host.name}/web`);
});
