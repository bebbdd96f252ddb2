import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:http2";
import { readPreamble } from "../provider/host/greeting";
import { Pipe } from "../provider/host/pipe";
import type { Scope } from "./scope";

/** What the agent answered. */
export interface Answer {
  body: string;
  /** The header Server-Timing: milliseconds since the request arrived, by name. */
  timing: Record<string, number>;
}

/** One request; rejects with the agent's words where it is refused. */
export type Request = (method: "GET" | "PUT" | "DELETE", path: string, body?: string | Buffer) => Promise<Answer>;

/** An agent that serves, and its session. */
export interface Serving {
  request: Request;
  pid: number;
}

/** Starts `slipway-agent serve` and speaks to it as the provider does, without SSH between. */
export async function agent(scope: Scope, command: readonly string[]): Promise<Serving> {
  const [program = "", ...args] = command;
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  scope.defer("agent", async () => {
    child.stdin.end();
    await ended;
  });
  const { text, greeting } = await readPreamble(child.stdout);
  if (!greeting) throw new Error(`the agent did not greet: ${text}`);
  const pipe = new Pipe(child.stdout, child.stdin);
  const session = connect("http://slipway", { createConnection: () => pipe });
  session.on("error", () => undefined); // Each request says it itself.
  scope.defer("session", () => session.close());
  const request: Request = async (method, path, body = "") => {
    const stream = session.request(
      { ":method": method, ":path": path, "content-type": "application/json" },
      { endStream: false },
    );
    stream.end(body);
    const answered = once(stream, "response") as Promise<[Record<string, string | string[] | number>]>;
    const [headers] = await answered;
    let text = "";
    for await (const piece of stream.setEncoding("utf8")) text += String(piece);
    if (Number(headers[":status"]) >= 300) throw new Error(`${method} ${path}: ${text}`);
    return { body: text, timing: timings(headers["server-timing"]) };
  };
  return { request, pid: child.pid ?? NaN };
}

function timings(header: string | string[] | number | undefined): Record<string, number> {
  const entries = [header ?? []]
    .flat()
    .join(",")
    .matchAll(/(\w+);dur=([\d.]+)/g);
  return Object.fromEntries([...entries].map(([, name = "", value]) => [name, Number(value)]));
}
