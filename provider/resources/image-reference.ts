import type { z } from "zod";
import { value } from "./schema";

/** The name of an image in a registry, taken apart. */
export interface ImageReference {
  /** As people and Docker's config name it: "docker.io", "ghcr.io", "registry.example:5000". */
  readonly registry: string;
  /** "library/nginx". */
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;
}

const address = /^(?:[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|\[[a-f0-9:.]+\])(?::\d{1,5})?$/i;
const part = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const path = new RegExp(`^${part}(?:/${part})*$`);

/**
 * Takes a reference apart as Docker does: without a registry it is Docker Hub's, there without a user it is one of the
 * official images, and without tag and digest the tag is "latest". Undefined where it is none. Only sha256 digests are.
 */
export function parseReference(text: string): ImageReference | undefined {
  const found = /^([^@\s]+?)(?::([\w][\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$/.exec(text);
  const [, name = "", tag, digest] = found ?? [];
  const slash = name.indexOf("/");
  const first = name.slice(0, Math.max(slash, 0));
  const isAddress = /[.:[]/.test(first) || first === "localhost" || first !== first.toLowerCase();
  const registry = !isAddress || first === "index.docker.io" ? "docker.io" : first;
  const rest = isAddress ? name.slice(slash + 1) : name;
  const repository = registry === "docker.io" && !rest.includes("/") ? `library/${rest}` : rest;
  if (!address.test(registry) || !path.test(repository) || repository.length > 255) return undefined;
  const pinned = digest === undefined ? {} : { digest };
  if (tag !== undefined) return { registry, repository, tag, ...pinned };
  return digest === undefined ? { registry, repository, tag: "latest" } : { registry, repository, ...pinned };
}

/** The one way to write a reference. */
export function writeReference({ registry, repository, tag, digest }: ImageReference): string {
  return `${registry}/${repository}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
}

/** A reference in its one form. */
export function imageReference(): z.ZodType<string> {
  const rule = 'must be the name of an image, such as "nginx:1.27", "ghcr.io/acme/app:1.4" or "app@sha256:…"';
  return value(rule, (found) => {
    const parsed = typeof found === "string" ? parseReference(found) : undefined;
    return parsed && writeReference(parsed);
  });
}

/** A place that has the same repositories as a registry. */
export interface Mirror {
  readonly address: string;
  /** What stands before the repositories there, with a "/" at its end, or nothing. */
  readonly prefix: string;
  /** Whether plain HTTP is allowed. */
  readonly insecure: boolean;
}

/** Takes "address", "address/prefix", or either with "http://" before it, apart. Undefined where it is none. */
export function parseMirror(text: string): Mirror | undefined {
  const [, scheme, found = "", prefix = ""] = /^(https?:\/\/)?([^/]+)\/?(.*?)\/?$/.exec(text) ?? [];
  if (!address.test(found) || (prefix !== "" && !path.test(prefix))) return undefined;
  return { address: found, prefix: prefix === "" ? "" : `${prefix}/`, insecure: scheme === "http://" };
}

/** A mirror in its one form. */
export function mirror(): z.ZodType<string> {
  const rule = 'must be the address of a registry, such as "mirror.example:5000" or "harbor.example/hub"';
  return value(rule, (found) => {
    const parsed = typeof found === "string" ? parseMirror(found) : undefined;
    return parsed && `${parsed.insecure ? "http://" : ""}${parsed.address}/${parsed.prefix}`.replace(/\/$/, "");
  });
}
