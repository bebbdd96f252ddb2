import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type * as Pulumi from "@pulumi/pulumi";

import type * as Slipway from "../../sdk/index.js";

/** What most programs are about: a host, and a root file system to run there. It has to survive JSON. */
export interface Settings {
  /** The arguments of the Host. */
  host: { address: string } & Record<string, unknown>;
  /** The archive of a root file system with busybox in it. */
  rootfs: string;
}

/** What a program is given. */
export interface Given<S> {
  pulumi: typeof Pulumi;
  slipway: typeof Slipway;
  /** What the test hands over; it has to survive JSON. */
  settings: S;
  /** Declares a host, a layer and an image of busybox, the way most programs begin. */
  busybox: (options?: Pulumi.CustomResourceOptions) => {
    host: Slipway.Host;
    rootfs: Slipway.Layer;
    image: Slipway.Image;
  };
}

/**
 * A Pulumi program as a function; what it returns are the stack's outputs. Its text is run in another process, so it
 * may use nothing but its argument.
 */
export type Program<S> = (given: Given<S>) => unknown;

/** The project's name in every test program. */
export const project = "e2e";

function busybox(
  slipway: typeof Slipway,
  settings: Settings,
  options?: Pulumi.CustomResourceOptions,
): ReturnType<Given<Settings>["busybox"]> {
  const host = new slipway.Host("host", settings.host, options);
  const rootfs = new slipway.Layer("rootfs", { host, rootfs: settings.rootfs }, options);
  const image = new slipway.Image("busybox", { host, layers: [rootfs] }, options);
  return { host, rootfs, image };
}

/** Writes a function as a Pulumi program into a folder, over one that is there. */
export async function writeProgram<S extends Settings>(
  folder: string,
  program: Program<S>,
  settings: S,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(
    join(folder, "index.js"),
    `const pulumi = require("@pulumi/pulumi");
const slipway = require("pulumi-slipway");
const settings = ${JSON.stringify(settings, undefined, 2)};
const busybox = ${busybox.toString()};
const program = ${program.toString()};
module.exports = program({ pulumi, slipway, settings, busybox: (options) => busybox(slipway, settings, options) }) ?? {};
`,
  );
  // Plain JavaScript: ts-node would cost half a second in each run.
  await writeFile(
    join(folder, "Pulumi.yaml"),
    `name: ${project}\nmain: index.js\nruntime: { name: nodejs, options: { typescript: false } }\n`,
  );
  await writeFile(join(folder, "package.json"), `{ "name": "${project}", "private": true }\n`);
}
