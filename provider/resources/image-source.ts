import type { z } from "zod";
import type { Pull, RegistryPlace } from "../api";
import type { Bag } from "./bag";
import type { Failure } from "./definition";
import { flag, secretText, size, text } from "./fields";
import { imageReference, mirror, parseMirror, parseReference } from "./image-reference";
import { list, members, quiet } from "./schema";

/** Where a registry answers: Docker Hub goes by another name. */
export function addressOf(registry: string): string {
  return registry === "docker.io" ? "registry-1.docker.io" : registry;
}

const credentials = members('must be an object such as { username: "robot", password }', {
  username: secretText("must be a user name"),
  password: secretText("must be a password or an access token"),
});

const proxyRule = 'must be the URL of an HTTP proxy, such as "http://proxy.example:3128"';

/** What belongs to an image from a registry. */
export const sourceShape = {
  reference: imageReference().exactOptional(),
  platform: text(
    'must be a platform such as "linux/amd64" or "linux/arm/v7"',
    /^linux\/[0-9a-z]+(\/[0-9a-z]+)?$/,
  ).exactOptional(),
  triggers: list("must be a list of at least one value", trigger()).exactOptional(),
  credentials: credentials.exactOptional(),
  insecure: flag().exactOptional(),
  ca: text("must be certificates in PEM", /-----BEGIN CERTIFICATE-----/).exactOptional(),
  mirrors: list("must be a list of at least one registry", mirror()).exactOptional(),
  proxy: quiet(proxyRule, (found) =>
    typeof found === "string" && /^https?:\/\/[^\s/]+\/?$/.test(found) ? found : undefined,
  ).exactOptional(),
  maxSize: size("6m").exactOptional(),
};

function trigger(): z.ZodType<string | number | boolean> {
  return quiet("must be a string, a number, true or false", (found) =>
    typeof found === "string" || typeof found === "number" || typeof found === "boolean" ? found : undefined,
  );
}

/** See {@link sourceShape}. */
export type Source = z.output<z.ZodObject<typeof sourceShape>>;

/** What only an image from a registry has. */
const withReference = Object.keys(sourceShape).filter((name) => name !== "reference");

/** An image is made of one thing. */
export function oneSource(inputs: Bag): Failure[] {
  const given = ["layers", "reference"].filter((name) => name in inputs);
  const rule = "must be given, or layers in its place, and not both";
  if (given.length !== 1)
    return [{ path: ["reference"], reason: `${rule}; got ${given.length === 0 ? "neither" : "both"}` }];
  const other = given[0] === "layers" ? withReference : ["config"];
  const goes = given[0] === "layers" ? "goes with reference only" : "goes with layers only: an image has its own";
  return other.filter((name) => name in inputs).map((name) => ({ path: [name], reason: goes }));
}

/** What the bytes of an image depend on, beside its layers and config. A digest says all; a tag is what it is at the time. */
export function sourceKey({ reference = "", platform, triggers }: Source): unknown[] {
  const { digest, ...named } = parseReference(reference) ?? {};
  return [digest ?? named, platform ?? null, triggers ?? null];
}

/** A bound that no honest image reaches, and that a disk can bear: 64 GiB. */
const mostBytes = 64 * 1024 ** 3;

/** What is asked of the agent for a reference. Undefined for an image of layers. */
export function pullOf(source: Source): Pull | undefined {
  const { reference, platform, proxy, mirrors = [], maxSize = mostBytes } = source;
  if (reference === undefined) return undefined;
  const { registry, repository, tag, digest } = parseReference(reference) ?? { registry: "", repository: "" };
  const common = source.ca === undefined ? {} : { ca: source.ca };
  const places: RegistryPlace[] = mirrors.flatMap((written) => {
    const found = parseMirror(written);
    if (found === undefined) return [];
    const place = { address: found.address, repository: `${found.prefix}${repository}`, ...common };
    return [found.insecure ? { ...place, insecure: true } : place];
  });
  places.push({
    address: addressOf(registry),
    repository,
    ...common,
    ...(source.insecure === true && { insecure: true }),
    ...(source.credentials !== undefined && { credentials: source.credentials }),
  });
  return {
    reference,
    ...(tag !== undefined && { tag }),
    ...(digest !== undefined && { digest }),
    ...(platform !== undefined && { platform }),
    places,
    ...(proxy !== undefined && { proxy }),
    maxBytes: maxSize,
  };
}
