import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

import { inventory, type Inventory } from "../../provider/api";
import type { Connection, Result } from "../host";

const run = promisify(execFile);

/** A host as load is tried on it: one of test/host, or a guest of test/vm. */
export interface LoadHost {
  /** How root reaches it. */
  readonly connection: Connection;
  /** Its name in {@link sshConfigFile}. */
  readonly name: string;
  /** An ssh_config file in which it goes by its name. */
  readonly sshConfigFile: string;
  /** Runs a line of sh as root. */
  exec(command: string): Promise<Result>;
  /** As {@link exec}; throws unless it ends with 0, and answers its standard output. */
  must(command: string): Promise<string>;
  /** Ends it. */
  close(): Promise<void>;
}

/** Everything the agent keeps on a host, by `slipway inspect`. */
export async function inspect(host: Pick<LoadHost, "name" | "sshConfigFile">): Promise<Inventory> {
  const words = ["inspect", host.name, "--json", "--config-file", host.sshConfigFile];
  const { stdout } = await run(process.execPath, [join(__dirname, "../../dist/cli/main.js"), ...words]);
  return inventory.parse(JSON.parse(stdout));
}

/** 2 where cgroup version 2 is all there is, else 1. */
export async function versionOf(host: LoadHost): Promise<1 | 2> {
  return (await host.must("stat -f -c %T /sys/fs/cgroup")) === "cgroup2fs\n" ? 2 : 1;
}

/** The whole disk that containers write to, such as "/dev/vda"; undefined where that is none, but memory or a partition. */
export async function diskOf(host: LoadHost): Promise<string | undefined> {
  const found = await host.exec(
    `where=/var/lib/slipway; [ -d $where ] || where=/var/lib
     cd /sys/dev/block/$(stat -c %d $where | awk '{ print int($1 / 256) ":" $1 % 256 }') &&
     [ ! -e partition ] && . ./uevent && [ -b "/dev/$DEVNAME" ] && echo "/dev/$DEVNAME"`,
  );
  return found.code === 0 ? found.stdout.trim() : undefined;
}
