import type { TestHost } from "../host";
import { tool, use } from "./tools";

/** Unpacks an image layout with umoci, the reference, and answers the folder of its tree. */
export async function bundle(host: TestHost, layout: string, into: string): Promise<string> {
  await use(host, "umoci", `unpack --image ${layout}:latest ${into} >&2`);
  return `${into}/rootfs`;
}

/**
 * All that can be told of a tree, a line for each name: type, mode, owner, size, time, links, target, device and extended
 * attributes, then the digests of the files.
 */
export async function describeTree(host: TestHost, tree: string): Promise<string[]> {
  // The root's time is in no archive.
  const size = "-type d -printf '%y %m %U:%G - %T@ - %P\\n' -o -printf '%y %m %U:%G %s %T@ %n %P -> %l\\n'";
  const attributes = `${await tool("getfattr")} -R -h -d -m '^(user|security)\\.' -e hex .`;
  const files = "find . -type f -exec sha256sum {} +";
  const devices = "find . \\( -type c -o -type b \\) -exec stat -c '%n %t:%T' {} +";
  const said = await host.must(
    `cd '${tree}' && { find . -mindepth 1 ${size}; stat -c 'root %a %u:%g' .; ${devices}; ${attributes}; ${files}; } | sort`,
  );
  return said.split("\n").filter((line) => line !== "");
}
