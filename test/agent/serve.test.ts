import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { send } from "../../provider/host/http";
import { Pacer } from "../../provider/host/pacer";
import { greetingMagic, hostAnswer, hostFacts, inventory, problem, protocol } from "../../provider/api";
import { type Agent, AgentProgram } from "./agent";

const owner = "acme/urn:pulumi:dev::site::pulumi-nodejs:dynamic/slipway:Host::server";
const nonce = (): string => randomBytes(16).toString("hex");

let program: AgentProgram;
const agents: Agent[] = [];
async function start(): Promise<Agent> {
  const agent = program.start();
  agents.push(agent);
  await agent.greet();
  return agent;
}

beforeAll(async () => {
  program = await AgentProgram.build();
});
afterAll(async () => {
  await Promise.all(agents.map(async (agent) => agent.hangUp()));
  await program?.dispose();
});

test("it greets with its digest, answers, and ends when its input does", async () => {
  const agent = program.start();
  const digest = `sha256:${createHash("sha256").update(readFileSync(program.file)).digest("hex")}`;
  expect(await agent.greet()).toBe(`${greetingMagic} ${protocol} ${digest}`);
  const { status, headers, text } = await agent.ask("GET", "/v1/host");
  expect(status).toBe(200);
  expect(headers["server-timing"]).toMatch(/^total;dur=\d+\.\d+$/);
  expect(hostFacts.parse(JSON.parse(text))).toMatchObject({
    agentDigest: digest,
    hostId: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
  });
  expect(await agent.hangUp()).toBe(0);
  expect(agent.faults).toBe("");
});

test("a claim on the host is made, found, relabelled, listed and ended, each as often as one likes", async () => {
  const agent = await start();
  const path = `/v1/hosts/${nonce()}`;
  const first = hostAnswer.parse(JSON.parse((await agent.ask("PUT", path, { owner })).text));
  const again = hostAnswer.parse(JSON.parse((await agent.ask("PUT", path, { owner })).text));
  expect(again).toEqual(first);
  const other = `${owner}2`;
  expect(JSON.parse((await agent.ask("PUT", path, { owner: other })).text)).toEqual({ ...first, owner: other });
  expect(JSON.parse((await agent.ask("GET", path)).text)).toEqual({ ...first, owner: other });
  const { slot, incarnation } = first;
  const listed = inventory.parse(JSON.parse((await agent.ask("GET", "/v1/inventory")).text));
  expect(listed.hosts).toEqual([{ owner: other, slot, incarnation }]);
  expect((await agent.ask("DELETE", path)).status).toBe(204);
  expect((await agent.ask("DELETE", path)).status).toBe(204);
  const gone = await agent.ask("GET", path);
  expect([gone.status, problem.parse(JSON.parse(gone.text)).code]).toEqual([404, "gone"]);
});

test("an unknown field is refused with its path", async () => {
  const agent = await start();
  const { status, headers, text } = await agent.ask("PUT", `/v1/hosts/${nonce()}`, { owner, labels: {} });
  expect([status, headers["content-type"]]).toEqual([400, "application/problem+json"]);
  expect(problem.parse(JSON.parse(text))).toMatchObject({ code: "invalid", object: "labels" });
});

test("purging a host removes everything of ours unless somebody else uses it", async () => {
  const agent = await start();
  const [ours, theirs] = [`/v1/hosts/${nonce()}`, `/v1/hosts/${nonce()}`];
  await agent.ask("PUT", ours, { owner });
  await agent.ask("PUT", theirs, { owner: `${owner}-of-another-stack` });
  const refused = await agent.ask("DELETE", `${ours}?purge=true`);
  expect(problem.parse(JSON.parse(refused.text))).toMatchObject({ code: "in_use", status: 409 });
  expect(refused.text).toContain(`${owner}-of-another-stack`);
  await agent.ask("DELETE", theirs);
  const folder = (place: string): string[] => readdirSync(join(`/proc/${agent.pid}/root`, place));
  expect(folder("/var/lib")).toEqual(["slipway"]);
  expect((await agent.ask("DELETE", `${ours}?purge=true`)).status).toBe(204);
  expect([folder("/var/lib"), folder("/run")]).toEqual([[], []]);
  expect([await agent.hangUp(), agent.faults]).toEqual([0, ""]);
});

test("a hundred requests at once are all answered", async () => {
  const agent = await start();
  const answers = await Promise.all(
    Array.from({ length: 100 }, async (_, i) => agent.ask("PUT", `/v1/hosts/${nonce()}`, { owner: `${owner}${i}` })),
  );
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  const listed = inventory.parse(JSON.parse((await agent.ask("GET", "/v1/inventory")).text));
  expect(listed.hosts).toHaveLength(100);
});

test("an upload of 100 MiB leaves other requests quick, and is verified", async () => {
  const agent = await start();
  const piece = randomBytes(1 << 20);
  const hash = createHash("sha256");
  for (let i = 0; i < 100; i++) hash.update(piece);
  const upload = agent.session.request({ ":method": "PUT", ":path": `/v1/blobs/sha256:${hash.digest("hex")}` });
  const answered = once(upload, "response");
  let sent = false;
  const sending = (async () => {
    for (let i = 0; i < 100; i++) if (!upload.write(piece)) await once(upload, "drain");
    upload.end();
    sent = true;
  })();
  const waits: number[] = [];
  while (!sent) {
    const began = performance.now();
    expect((await agent.ask("GET", "/v1/host")).status).toBe(200);
    waits.push(performance.now() - began);
    await delay(1);
  }
  await sending;
  const [headers] = (await answered) as [{ ":status": number }];
  expect(headers[":status"]).toBe(204);
  expect(waits.length).toBeGreaterThan(3);
  // Were the upload in the way, a request would wait for what is left of it.
  expect(waits.sort((a, b) => a - b)[waits.length >> 1]).toBeLessThan(100);
});

test("an upload whose client vanishes leaves nothing, and the agent ends", async () => {
  const agent = await start();
  // An open folder shows what is in it even after the mount namespace ended with the agent.
  const root = openSync(`/proc/${agent.pid}/root/var/lib/slipway`, "r");
  const files = (): string[] =>
    ["blobs", "building"].flatMap((folder) => readdirSync(`/proc/self/fd/${root}/${folder}`));
  const upload = agent.session.request({ ":method": "PUT", ":path": `/v1/blobs/sha256:${"0".repeat(64)}` });
  upload.on("error", () => undefined);
  upload.write(randomBytes(8 << 20));
  while (files().length === 0) await delay(1);
  expect(await agent.hangUp()).toBe(0);
  expect(files()).toEqual([]);
  closeSync(root);
});

test("a full disk is told while the client still sends, and what was written is removed", async () => {
  const agent = program.start({ size: 16 });
  agents.push(agent);
  await agent.greet();
  const path = `/v1/blobs/sha256:${"0".repeat(64)}`;
  const bytes = Readable.from(
    (function* () {
      for (let i = 0; i < 1000; i++) yield Buffer.alloc(1 << 20);
    })(),
  );
  const sending = send(agent.session, { method: "PUT", path }, bytes, 1000 << 20, new Pacer(agent.session));
  await expect(sending).rejects.toMatchObject({ code: "no_space", problem: { errnoName: "ENOSPC", status: 507 } });
  const root = `/proc/${agent.pid}/root/var/lib/slipway`;
  expect([...readdirSync(join(root, "blobs")), ...readdirSync(join(root, "building"))]).toEqual([]);
  expect((await agent.ask("PUT", `/v1/hosts/${nonce()}`, { owner })).status).toBe(200);
});
