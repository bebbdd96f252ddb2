import { readFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { expect } from "vitest";

import { type ContainerSummary, type Inventory } from "../../provider/api.js";
import { createHost, difference, type Snapshot, type TestHost } from "../host/index.js";
import { inspect } from "../load/host.js";
import { agents, firstProcess, type Process } from "./processes.js";
import type { Settings } from "./program.js";
import { Relay } from "./relay.js";
import { rootfs } from "./rootfs.js";
import type { Stack, StackOptions } from "./stack.js";

/** The ways to a host. */
export type Transport = "ssh2" | "openssh" | "local";

/** A throw-away host, reached over a relay that can be broken, and ways to look at it and to meddle with it. */
export class Bench {
  private constructor(
    readonly host: TestHost,
    /** The way from Pulumi to the host, for `ssh2`. */
    readonly relay: Relay,
    private readonly archive: string,
  ) {}

  /** Makes one. */
  static async create(): Promise<Bench> {
    const [host, archive] = await Promise.all([createHost(), rootfs()]);
    return new Bench(host, await Relay.to(host.connection.address, host.connection.port), archive);
  }

  /** Removes the host and all that is on it. */
  async dispose(): Promise<void> {
    await this.relay.close();
    await this.host.close();
  }

  /** What programs on this host start from. */
  settings(transport: Transport = "ssh2"): Settings {
    const { connection, name, sshConfigFile } = this.host;
    const host = {
      ssh2: { ...connection, port: this.relay.port },
      // All else stands in the ssh_config, as with people.
      openssh: { address: name, configFile: sshConfigFile, transport },
      local: { address: "localhost", transport },
    }[transport];
    return { host, rootfs: this.archive };
  }

  /** Where Pulumi has to run for a transport. */
  surroundings(transport: Transport): StackOptions {
    return transport === "local" ? { inside: this.host } : {};
  }

  /** Everything the agent keeps, by `slipway inspect`. */
  async inventory(): Promise<Inventory> {
    return inspect(this.host);
  }

  /** One container of the inventory, by its id in Pulumi. */
  async container(id: string): Promise<ContainerSummary> {
    const { containers } = await this.inventory();
    const found = containers.find(({ slot, incarnation }) => `${slot}/${incarnation}` === id);
    if (found === undefined) throw new Error(`no container ${id} on the host, only ${JSON.stringify(containers)}`);
    return found;
  }

  /** Expects that the host holds what the stack's state does: nothing orphaned, nothing made twice. */
  async expectSameAs(stack: Stack): Promise<void> {
    const [there, resources] = await Promise.all([this.inventory(), stack.resources()]);
    const onHost = (["hosts", "layers", "images", "cgroups", "containers"] as const).flatMap((kind) =>
      there[kind].map(({ slot, incarnation }) => `${kind} ${slot}/${incarnation}`),
    );
    const inState = resources.map(({ type, id }) => `${(type.split(":").at(-1) ?? "").toLowerCase()}s ${id}`);
    expect(onHost.sort()).toEqual(inState.sort());
  }

  /** What is on the host now. */
  async snapshot(): Promise<Snapshot> {
    return this.host.snapshot();
  }

  /**
   * What differs from an earlier snapshot once things have settled, nothing if all is well. With `agent: "kept"` the
   * agent, the host id and the empty folders and groups that wait for the next container may be there.
   */
  async changes(since: Snapshot, { agent }: { agent: "kept" | "gone" }): Promise<string[]> {
    const end = Date.now() + 5000;
    for (;;) {
      const all = difference(since, await this.host.snapshot());
      const differences = agent === "gone" ? all : all.filter((line) => !kept.test(line));
      if (differences.length === 0 || Date.now() > end) return differences;
      await delay(50);
    }
  }

  /** The first process of the container with an id in Pulumi; undefined where it does not run. */
  firstProcess(id: string | undefined): Process | undefined {
    return firstProcess(incarnationOf(id));
  }

  /** Kills the first process of a container, as somebody on the host might. */
  kill(id: string): void {
    const { pid } = this.runs(id);
    process.kill(pid, "SIGKILL");
  }

  /** Waits until the agent knows that a container has ended. */
  async ended(id: string): Promise<void> {
    for (let tries = 0; tries < 20; tries++) {
      if (!(await this.container(id)).running) return;
      await delay(50);
    }
    throw new Error(`container ${id} does not end`);
  }

  /** The agents that serve somebody on the host. */
  agents(): number[] {
    return agents(this.host.pid);
  }

  /** Kills every one of them. */
  killAgents(): void {
    for (const pid of this.agents()) process.kill(pid, "SIGKILL");
  }

  /** Where a file of a running container is for us. */
  inside(id: string, path: string): string {
    return `/proc/${this.runs(id).pid}/root${path}`;
  }

  /** A file in a running container. */
  async read(id: string, path: string): Promise<string> {
    return readFile(this.inside(id, path), "utf8");
  }

  /** The environment of a container's first process. */
  environment(id: string): Record<string, string> {
    const lines = readFileSync(`/proc/${this.runs(id).pid}/environ`, "utf8")
      .split("\0")
      .slice(0, -1);
    return Object.fromEntries(lines.map((line) => [line.split("=")[0] ?? "", line.slice(line.indexOf("=") + 1)]));
  }

  /** /proc/PID/status of a container's first process. */
  status(id: string): string {
    return readFileSync(`/proc/${this.runs(id).pid}/status`, "utf8");
  }

  /** What an HTTP server in the host's network says at /. */
  async fetch(port: number): Promise<string> {
    return this.host.must(`busybox wget -q -O - http://127.0.0.1:${port}/`);
  }

  /** Sets a container's memory limit behind everybody's back. */
  async limitMemory(id: string, bytes: number): Promise<void> {
    await this.setMemory(incarnationOf(id), bytes);
  }

  /** Sets the memory limit of a group people declared behind everybody's back. */
  async limitMemoryOfGroup(path: string, bytes: number): Promise<void> {
    await this.setMemory(basename(path), bytes);
  }

  private async setMemory(group: string, bytes: number): Promise<void> {
    const names = "-name memory.max -o -name memory.limit_in_bytes";
    const file = `"$(find /sys/fs/cgroup -path '*/${group}/*' \\( ${names} \\) | awk '{ print length, $0 }' | sort -n | head -n 1 | cut -d' ' -f2)"`;
    await this.host.must(`echo ${bytes} > ${file}`);
  }

  /** Takes a group that people declared away from every hierarchy, with what is in it. */
  async removeGroup(path: string): Promise<void> {
    const all = `find /sys/fs/cgroup -depth -type d -path '*/${basename(path)}*'`;
    await this.host.must(`for folder in $(${all}); do rmdir $folder || exit; done`);
  }

  /** The groups of a container's first process, as /proc has them. */
  groups(id: string): string {
    return readFileSync(`/proc/${this.runs(id).pid}/cgroup`, "utf8");
  }

  /** Takes a container away by force: its processes and all that is kept of it. */
  async removeContainer(id: string): Promise<void> {
    this.kill(id);
    await this.ended(id);
    await this.host.must(`rm -r /var/lib/slipway/containers/${id}`);
  }

  /** Takes a layer's files away. */
  async removeLayer(digest: string): Promise<void> {
    await this.host.must(`rm -r /var/lib/slipway/layers/*${digest.replace("sha256:", "")}*`);
  }

  /** Lets a further key in: an encrypted one, as text, with what opens it. */
  async lockedKey(): Promise<{ privateKey: string; passphrase: string }> {
    const passphrase = "a passphrase nobody else has";
    const file = await this.addKey("locked", passphrase);
    return { privateKey: await readFile(file, "utf8"), passphrase };
  }

  /** Moves the host to another address, with another key of ours; the old ones do not work any more until `undo`. */
  async move(): Promise<{ host: Settings["host"]; retireOld(): Promise<void>; undo(): Promise<void> }> {
    const { address, port } = this.host.connection;
    const relay = await Relay.to(address, port);
    const identityFile = await this.addKey("moved", "");
    const authorized = "/root/.ssh/authorized_keys";
    const all = await this.host.must(`cat ${authorized}`);
    return {
      host: { ...this.host.connection, port: relay.port, identityFile },
      retireOld: async () => {
        this.relay.break();
        await this.host.must(`sed -i '/ moved$/!d' ${authorized}`);
      },
      undo: async () => {
        await this.host.must(`cat > ${authorized}`, { input: all });
        this.relay.restore();
        await relay.close();
      },
    };
  }

  private async addKey(name: string, passphrase: string): Promise<string> {
    // On the host, because this machine may have no ssh-keygen.
    const key = await this.host.must(
      `cd /tmp && ssh-keygen -q -t ed25519 -N '${passphrase}' -C ${name} -f key &&
       cat key.pub >> /root/.ssh/authorized_keys && cat key && rm key key.pub`,
    );
    const file = join(this.host.folder, name);
    await writeFile(file, key, { mode: 0o600 });
    return file;
  }

  private runs(id: string): Process {
    const found = this.firstProcess(id);
    if (found === undefined) throw new Error(`container ${id} does not run`);
    return found;
  }
}

/** What stays until the Host is deleted with onDelete "purge". */
const kept = new RegExp(
  [
    "^\\+ files: /var/lib/slipway/(agent[ /]|host-id )",
    "^\\+ files: /(var/lib|run)/slipway(/[a-z]+){0,2} 40",
    "^\\+ files: /run/slipway/locks ",
    "^\\+ cgroups: \\S+ /slipway-[^/]+/([a-z]+/)?$",
  ].join("|"),
);

function incarnationOf(id: string | undefined): string {
  const incarnation = id?.split("/")[1];
  if (incarnation === undefined) throw new Error(`not an id of ours: ${id}`);
  return incarnation;
}
