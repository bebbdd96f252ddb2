import type { ChildProcess } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { debianPackages, libraries } from "../../scripts/debian";
import type { TestHost } from "../host";

/** Unpacks the programs, once on this machine. */
export async function tools(): Promise<string> {
  return debianPackages("registry", ["docker-registry", "skopeo", "umoci", "openssl", "attr"]);
}

/** A line of sh that runs one of the programs; it finds its libraries where they were unpacked. */
export async function tool(name: string): Promise<string> {
  const root = await tools();
  return `env LD_LIBRARY_PATH='${libraries(root)}' '${root}/usr/bin/${name}'`;
}

/** Runs one of the programs inside a host and answers what it printed. */
export async function use(host: TestHost, name: string, words: string): Promise<string> {
  return host.must(`${await tool(name)} ${words}`);
}

/** Waits until a program that was started in a host listens on a port of its loopback. */
export async function listens(host: TestHost, port: number, child: ChildProcess): Promise<void> {
  const written = port.toString(16).padStart(4, "0").toUpperCase();
  for (const end = Date.now() + 30_000; ; await delay(50)) {
    if ((await host.exec(`grep -q ' 0100007F:${written} 00000000:0000 0A' /proc/net/tcp`)).code === 0) return;
    if (child.exitCode !== null || Date.now() > end) throw new Error(`nothing came to listen on port ${String(port)}`);
  }
}
