import { randomBytes } from "node:crypto";
import type { ClientHttp2Stream, IncomingHttpHeaders } from "node:http2";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { problem } from "../../provider/api";
import { stats } from "../../provider/stats";
import { type Agent, AgentProgram } from "./agent";

const owner = "acme/urn:pulumi:dev::site::pulumi-nodejs:dynamic/slipway:Cgroup::tenant";

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

/** Asks for readings one after the other. */
async function follow(agent: Agent): Promise<{ stream: ClientHttp2Stream; lines: AsyncIterator<string> }> {
  const stream = agent.session.request({ ":path": "/v1/stats?follow=true&interval=100" });
  const [headers] = (await once(stream, "response")) as [IncomingHttpHeaders];
  expect([headers[":status"], headers["content-type"]]).toEqual([200, "application/x-ndjson"]);
  return { stream, lines: createInterface({ input: stream })[Symbol.asyncIterator]() };
}

test("what a declared group uses is told once, and after every interval", async () => {
  const agent = await start();
  const path = `/v1/cgroups/${randomBytes(16).toString("hex")}`;
  const made = await agent.ask("PUT", path, { owner, contentKey: "k", resources: { pids: { max: 7 } } });
  expect(made.status, made.text).toBe(200);
  const answer = await agent.ask("GET", "/v1/stats");
  expect([answer.status, answer.headers["content-type"]]).toEqual([200, "application/json"]);
  const once = stats.parse(JSON.parse(answer.text));
  expect(once.containers).toEqual([]);
  expect(once.cgroups).toMatchObject([{ owner, cpu: { usageUs: 0 }, memory: {}, pids: { current: 0, max: 7 } }]);

  const { stream, lines } = await follow(agent);
  let before = Date.parse(once.time);
  for (let i = 0; i < 3; i++) {
    const { value } = (await lines.next()) as { value: string };
    const reading = stats.parse(JSON.parse(value));
    expect(reading.cgroups.map((group) => group.owner)).toEqual([owner]);
    expect(Date.parse(reading.time)).toBeGreaterThan(before);
    before = Date.parse(reading.time);
  }
  // Another request is answered meanwhile, and after the client has left the stream.
  expect((await agent.ask("GET", "/v1/host")).status).toBe(200);
  stream.close();
  expect((await agent.ask("DELETE", path)).status).toBe(204);
  expect(stats.parse(JSON.parse((await agent.ask("GET", "/v1/stats")).text)).cgroups).toEqual([]);
  expect((await agent.ask("PUT", `/v1/hosts/${"a".repeat(32)}`, { owner })).status).toBe(200);
  expect((await agent.ask("DELETE", `/v1/hosts/${"a".repeat(32)}?purge=true`)).status).toBe(204);
});

test("a client that follows and goes takes the agent with it", async () => {
  const agent = await start();
  const { stream, lines } = await follow(agent);
  await lines.next();
  stream.on("error", () => undefined);
  expect([await agent.hangUp(), agent.faults]).toEqual([0, ""]);
});

test("everything that is wrong with a query is said at once", async () => {
  const agent = await start();
  const { status, text } = await agent.ask("GET", "/v1/stats?follow=yes&interval=99&watch=true");
  const { detail } = problem.parse(JSON.parse(text));
  expect(status).toBe(400);
  for (const name of ["follow", "interval", "watch"]) expect(detail).toContain(`\`${name}\``);
});
