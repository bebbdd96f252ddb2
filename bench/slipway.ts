import { createHash, randomBytes } from "node:crypto";
import { copyFile, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ContainerRequest, GroupResources, HostAnswer } from "../provider/api";
import { type Answer, type Request, type Serving, agent } from "./agent";
import type { Contestant } from "./contestant";
import { hierarchies, remove } from "./groups";
import { archived } from "./rootfs";
import { type Sandbox, output } from "./sandbox";
import type { Scope } from "./scope";
import { repository } from "./tools";

/** A host with our agent on it and an image of the root file system. */
export interface Slipway {
  /** The session that is open, and the process of its agent. */
  request: Request;
  pid: number;
  /** Opens another session with an agent of its own, in the same sandbox or in another view of it. */
  connect(scope: Scope, sandbox?: Sandbox): Promise<Serving>;
  /** Starts a container of the image, with limits where they are given. */
  put(request: Request, command: string[], wait: "running" | "exit", resources?: GroupResources): Promise<Started>;
  /** What the agent says of the host. */
  host: HostAnswer;
  /** The hierarchies that our containers have been born in so far, by where they are mounted. */
  hierarchies(): Promise<string[]>;
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
  const open = (within: Scope, where = sandbox): Promise<Serving> => agent(within, where.command([program, "serve"]));
  let group = "";
  // Registered first, because it comes last: a monitor stands ready in our groups until the agent has ended.
  scope.defer("our groups", async () => {
    for (const { path } of group ? await hierarchies(sandbox) : []) await remove(sandbox, join(path, group));
  });
  const { request, pid } = await open(scope);
  const claim = nonce();
  const host = JSON.parse((await put(request, "hosts", claim, { owner: "bench/host" })).body) as HostAnswer;
  const systemd = (await output(sandbox, "sh", "-c", "[ ! -d /run/systemd/system ] || echo yes")) !== "";
  group = systemd ? "system.slice/slipway.service" : `slipway-${host.hostId}`;
  scope.defer("host", async () => void (await request("DELETE", `/v1/hosts/${claim}?purge=true`)));

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
    pid,
    connect: open,
    host,
    hierarchies: async () => {
      const all = (await hierarchies(sandbox)).map(({ path }) => path);
      const test = 'for path; do [ ! -d "$path/$0" ] || echo "$path"; done';
      return (await output(sandbox, "sh", "-c", test, group, ...all)).trim().split("\n");
    },
    group,
    put: async (session, command, wait, resources) => {
      const incarnation = nonce();
      const body: ContainerRequest = {
        owner: `bench/${counter++}`,
        image,
        command,
        network: "none",
        wait,
        // What does not listen to SIGTERM would be waited for at its end.
        stopSignal: "SIGKILL",
        ...(resources && { resources }),
      };
      const { timing } = await put(session, "containers", incarnation, body);
      return { timing, remove: async () => void (await session("DELETE", `/v1/containers/${incarnation}`)) };
    },
  };
  await (await ours.put(request, ["/bin/true"], "exit")).remove();
  return ours;
}

/** Our agent as a contestant, at one of its sessions. */
export function contestant(ours: Slipway, resources?: GroupResources): Contestant {
  const once = async (): Promise<Record<string, number>> => {
    const started = await ours.put(ours.request, ["/bin/true"], "exit", resources);
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
        while (left-- > 0) started.push(await ours.put(ours.request, ["/bin/true"], "exit", resources));
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
  await sandbox.bring(folder);
  return join(folder, "slipway-agent");
}

/** The monitors that have a container: one more stands ready, and a thread of the agent is in their group too. */
export async function monitors(ours: Slipway): Promise<number[]> {
  const found = new Set<number>();
  for (const hierarchy of await ours.hierarchies()) {
    const pids = await readFile(join(hierarchy, ours.group, "monitors", "cgroup.procs"), "utf8");
    for (const pid of pids.split("\n").filter(Boolean)) {
      const name = await readFile(`/proc/${pid}/comm`, "utf8");
      const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
      if (name === "slipway-monitor\n" && children !== "") found.add(Number(pid));
    }
  }
  return [...found];
}
