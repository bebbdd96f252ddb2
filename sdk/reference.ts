import * as pulumi from "@pulumi/pulumi";
import { connectionDefaults } from "./connection";
import type { Host } from "./host";
import { isKind, tokenOf, type Kind } from "./resource";

/**
 * What a resource keeps of a layer or an image it was handed: the target's owner, which is known in preview and does not
 * change when the target is replaced, and its content key, which changes when a byte of its content does.
 */
export interface Reference {
  /** The owner of the target. */
  readonly owner: string;
  /** The content key of the target. */
  readonly contentKey: string;
}

/**
 * What a resource keeps of a control group it was handed. A group has no content; what tells it from another is its place
 * on the host, which it keeps under another name and in another incarnation.
 */
export interface GroupReference {
  /** The owner of the group. */
  readonly owner: string;
  /** The content key of the group, a digest of the slots of those above it. */
  readonly contentKey: string;
  /** The group's own slot. */
  readonly slot: string;
}

/**
 * Reduces resources of one kind to references, wherever they stand: alone, in arrays, in outputs. Anything else is left
 * for the provider's check to refuse. A resource that stands by itself keeps an unknown content key apart from its known
 * owner; one inside an output becomes unknown as a whole.
 */
export function referenceTo(value: unknown, kind: Exclude<Kind, "Host" | "Container">): pulumi.Input<unknown> {
  if (isKind(value, kind)) {
    const { owner, contentKey, id } = value as Record<"owner" | "contentKey" | "id", pulumi.Output<string>>;
    // An id is "<slot>/<incarnation>", and known in preview unless the group is still to be made.
    return kind === "Cgroup"
      ? { owner, contentKey, slot: id.apply((known) => known.split("/")[0]) }
      : { owner, contentKey };
  }
  if (Array.isArray(value)) return value.map((element) => referenceTo(element, kind));
  return otherwise(value, (known) => referenceTo(known, kind));
}

/** Reduces a host, or the string that names one, to its name and connection. */
export function hostOf(value: unknown): pulumi.Input<unknown> {
  if (isKind(value, "Host")) return (value as Host).host;
  if (typeof value === "string") return { name: value, connection: { ...connectionDefaults(), address: value } };
  return otherwise(value, hostOf);
}

/**
 * Reduces a value that is yet to come when it is there. A resource of another kind becomes a text that says so: Pulumi
 * would send its id, which is unknown in preview, so that check could refuse it only in the middle of the deployment.
 */
function otherwise(value: unknown, reduce: (value: unknown) => pulumi.Input<unknown>): pulumi.Input<unknown> {
  if (pulumi.Resource.isInstance(value)) return `a resource of type ${tokenOf(value)}`;
  if (!pulumi.Output.isInstance(value) && !(value instanceof Promise)) return value;
  const now: pulumi.Output<unknown> = pulumi.output(value as Promise<unknown>);
  return now.apply((known) => pulumi.output(reduce(known) as Promise<unknown>));
}
