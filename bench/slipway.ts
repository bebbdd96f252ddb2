import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ContainerRequest, HostAnswer } from "../provider/api";
import { type Answer, type Request, agent } from "./agent";
import type { Contestant } from "./contestant";
import { hierarchies, remove } from "./groups";
import { archived } from "./rootfs";
import type { Sandbox } from "./sandbox";
import type { Scope } from "./scope";
import { repository } from "./tools";

/** A host with our agent on it and an image of the root file system. */
export interface Slipway {
  /** The session that is open. */
  request: Request;
  /** Opens another session with an agent of its own. */
  connect(scope: Scope): Promise<Request>;
  /** Starts a container of the image. */
  put(request: Request, command: string[], wait: "running" | "exit"): Promise<Started>;
  /** The hierarchies our containers are born in, by where they are mounted. */
  hierarchies: string[];
  /** The name of our group in each of these. */
  group: string;
}

/** A container that was started, how long that took, and how to remove it. */
export interface Started {
  timing: Record<string, number>;
  remove(): Promise<void>;
}

const nonce = (): string => randomBytes(16).toString("hex");

/** Brings up a host in the sandbox: agent, layer, image. Everything goes with the scope. */
export async function slipway(scope: Scope, sandbox: Sandbox, rootfs: string): Promise<Slipway> {
  const program = await delivered(sandbox);
  const open = (within: Scope): Promise<Request> => agent(within, [...sandbox.prefix, program, "serve"]);
  let group = "";
  // Registered first, because it comes last: a monitor stands ready in our groups until the agent has ended.
  scope.defer("our groups", async () => {
    for (const { path } of group ? hierarchies() : []) await remove(join(path, group));
  });
  const request = await open(scope);
  const host = nonce();
  const { hostId } = JSON.parse((await put(request, "hosts", host, { owner: "bench/host" })).body) as HostAnswer;
  group = `slipway-${hostId}`;
  scope.defer("host", async () => void (await request("DELETE", `/v1/hosts/${host}?purge=true`)));

  const archive = await readFile(await archived(rootfs));
  const blob = `sha256:${createHash("sha256").update(archive).digest("hex")}`;
  await request("PUT", `/v1/blobs/${blob}`, archive);
  const layer = { owner: "bench/layer", contentKey: "busybox" };
  const image = { owner: "bench/image", contentKey: "busybox" };
  for (const [resource, body] of [
    ["layers", { ...layer, blob }],
    ["images", { ...image, layers: [layer], config: {} }],
  ] as const) {
    const incarnation = nonce();
    await put(request, resource, incarnation, body);
    scope.defer(resource, async () => void (await request("DELETE", `/v1/${resource}/${incarnation}`)));
  }

  let counter = 0;
  const ours: Slipway = {
    request,
    connect: open,
    hierarchies: [],
    group,
    put: async (session, command, wait) => {
      const incarnation = nonce();
      const body: ContainerRequest = { owner: `bench/${counter++}`, image, command, network: "none", wait };
      const { timing } = await put(session, "containers", incarnation, body);
      return { timing, remove: async () => void (await session("DELETE", `/v1/containers/${incarnation}`)) };
    },
  };
  await (await ours.put(request, ["/bin/true"], "exit")).remove();
  ours.hierarchies = hierarchies()
    .map(({ path }) => path)
    .filter((path) => existsSync(join(path, group)));
  return ours;
}

/** Our agent as a contestant, at one of its sessions. */
export function contestant(ours: Slipway): Contestant {
  const once = async (): Promise<Record<string, number>> => {
    const started = await ours.put(ours.request, ["/bin/true"], "exit");
    await started.remove();
    const { exit = NaN, total = NaN } = started.timing;
    return { "slipway start": exit, "slipway answer": total };
  };
  return {
    name: "slipway",
    start: once,
    rush: async (count, atOnce) => {
      const started: Started[] = [];
      const began = performance.now();
      let left = count;
      const lane = async (): Promise<void> => {
        while (left-- > 0) started.push(await ours.put(ours.request, ["/bin/true"], "exit"));
      };
      await Promise.all(Array.from({ length: atOnce }, lane));
      const seconds = (performance.now() - began) / 1000;
      for (const one of started) await one.remove();
      return seconds;
    },
  };
}

async function put(request: Request, resource: string, incarnation: string, body: object): Promise<Answer> {
  return request("PUT", `/v1/${resource}/${incarnation}`, JSON.stringify(body));
}

/** Puts agent and monitor side by side, as on a host; from SLIPWAY_AGENT_DIR where that is set, else those just built. */
async function delivered(sandbox: Sandbox): Promise<string> {
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  const source = process.env.SLIPWAY_AGENT_DIR ?? join(repository, "dist", "agent");
  const folder = join(sandbox.folder, "agent");
  await mkdir(folder);
  for (const name of ["slipway-agent", "slipway-monitor"]) {
    await copyFile(join(source, `${name}-linux-${architecture}`), join(folder, name));
  }
  return join(folder, "slipway-agent");
}

/** The monitors that have a container: one more stands ready, and a thread of the agent is in their group too. */
export async function monitors(ours: Slipway): Promise<number[]> {
  const found = new Set<number>();
  for (const hierarchy of ours.hierarchies) {
    const pids = await readFile(join(hierarchy, ours.group, "monitors", "cgroup.procs"), "utf8");
    for (const pid of pids.split("\n").filter(Boolean)) {
      const name = await readFile(`/proc/${pid}/comm`, "utf8");
      const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
      if (name === "slipway-monitor\n" && children !== "") found.add(Number(pid));
    }
  }
  return [...found];
}
