/**
 * What Pulumi runs: one handler for each resource, by the name that the constant text in users' state calls it by
 * (sdk/resource.ts, providerOf). Neither this path nor these names ever change. Nothing happens when it is loaded.
 *
 * resources/ is what each resource takes and what a change of it means, without any I/O; host/ is the way to a host;
 * registry/ is what this machine knows of registries; dynamic.ts joins the first two and speaks Pulumi's language; api.ts is
 * the agent's API. reading.ts is for who asks a host rather than declares something on it.
 *
 * @packageDocumentation
 */
import { dynamic } from "./dynamic";
import { pullImage } from "./image-pull";
import { sendLayer } from "./layer-content";
import { cgroup as cgroupDefinition } from "./resources/cgroup";
import { container as containerDefinition } from "./resources/container";
import { host as hostDefinition } from "./resources/host";
import { image as imageDefinition } from "./resources/image";
import { layer as layerDefinition } from "./resources/layer";

/** Runs Host resources. */
export const host = dynamic(hostDefinition);
/** Runs Layer resources. */
export const layer = dynamic(layerDefinition, { supply: sendLayer });
/** Runs Image resources. */
export const image = dynamic(imageDefinition, { ask: pullImage });
/** Runs Cgroup resources. */
export const cgroup = dynamic(cgroupDefinition);
/** Runs Container resources. */
export const container = dynamic(containerDefinition);
