import * as pulumi from "@pulumi/pulumi";
import { imageName, type ImageName } from "../image-name";

/** What may be said about looking up a tag. */
export interface ResolveImageOptions {
  /** What the registry is given. Default: what `docker login` left on this machine. */
  credentials?: { username: string; password: string } | undefined;
  /** Allows a certificate that nobody vouches for, and plain HTTP. Default: false. */
  insecure?: boolean | undefined;
  /** Certificates in PEM that are trusted besides this machine's. Default: none. */
  ca?: string | undefined;
}

const known = new Map<string, ImageName>();

/**
 * What a tag stands for now: "nginx:1.27" becomes "docker.io/library/nginx:1.27@sha256:…". It is looked up once for a whole
 * program, from the machine that Pulumi runs on, in previews too; so all hosts get the same image, and a tag that moved
 * shows as a change of the image and the containers above it.
 *
 * ```ts
 * new slipway.Container("web", { host, image: slipway.resolveImage("nginx:1.27"), network: "host" });
 * ```
 *
 * The program fails where the registry does not say.
 */
export function resolveImage(reference: string, options: ResolveImageOptions = {}): ImageName {
  const key = JSON.stringify([reference, options]);
  const before = known.get(key);
  if (before !== undefined) return before;
  const name = imageName(pulumi.output(lookUp(reference, options)));
  known.set(key, name);
  return name;
}

async function lookUp(reference: string, options: ResolveImageOptions): Promise<string> {
  const { resolve } = await import("../../provider/registry/resolve.js");
  try {
    return await resolve(reference, options);
  } catch (error) {
    // Shown without a stack, which would be ours and not the program's.
    const message = error instanceof Error ? error.message : String(error);
    throw Object.assign(new pulumi.RunError(message), { stack: "" });
  }
}
