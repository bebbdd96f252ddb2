import * as pulumi from "@pulumi/pulumi";
import { ownerOf } from "./owner";

/** The resources there are. Each has a file of this name here, in provider/resources/ and in the agent. */
export type Kind = "Host" | "Layer" | "Image" | "Cgroup" | "Container";

/** The type token of a kind. `pulumi-nodejs` is the only package the engine runs without a plugin of its own. */
export function typeOf(kind: Kind): string {
  return `pulumi-nodejs:dynamic/slipway:${kind}`;
}

/**
 * What Pulumi runs for a kind. The text stays in state for as long as the resource lives and is run by later versions
 * too, so it says where the code is and nothing else. It never changes.
 */
export function providerOf(kind: Kind): string {
  return `exports.handler=()=>require("pulumi-slipway/provider").${kind.toLowerCase()}`;
}

/** Whether a value is a resource of this kind, also if the package was loaded twice. */
export function isKind(value: unknown, kind: Kind): boolean {
  return pulumi.CustomResource.isInstance(value) && tokenOf(value) === typeOf(kind);
}

/** The type token of any resource. Pulumi's types hide it. */
export function tokenOf(resource: pulumi.Resource): string {
  return String((resource as { __pulumiType?: unknown }).__pulumiType);
}

/** Whether the options ask for a resource that exists already (`get`), rather than declare one. */
export function isLookup(opts: pulumi.CustomResourceOptions | undefined): boolean {
  return opts?.id !== undefined || opts?.urn !== undefined;
}

/** What a resource class says of itself when it is made. */
export interface Declaration {
  /** Which resource it is. */
  readonly kind: Kind;
  /**
   * Its inputs. They go to the provider whole: an argument that is missing or does not exist is reported there, together
   * with all else that is wrong.
   */
  readonly inputs: Record<string, pulumi.Input<unknown>>;
  /** Every property the class declares: Pulumi makes outputs only of those that are named here. */
  readonly properties: readonly string[];
}

/** What all resources of Slipway have in common: an owner, and the host they are on. */
export abstract class Resource extends pulumi.CustomResource {
  /** Who this resource belongs to, as the host knows it: organisation, `slipway:namespace` if set, and URN. */
  declare readonly owner: pulumi.Output<string>;
  /** The id of the machine, minted on it at the first contact. It tells that machine from any other at its address. */
  declare readonly hostId: pulumi.Output<string>;

  /** Registers the resource, or looks it up where `opts.id` is set. */
  protected constructor(name: string, declaration: Declaration, opts: pulumi.CustomResourceOptions = {}) {
    const { kind, inputs, properties } = declaration;
    const unset = Object.fromEntries(["hostId", ...properties].map((property) => [property, undefined]));
    const owner = isLookup(opts) ? undefined : ownerOf(typeOf(kind), name, opts);
    super(typeOf(kind), name, { ...unset, ...inputs, owner, __provider: providerOf(kind) }, opts);
  }
}
