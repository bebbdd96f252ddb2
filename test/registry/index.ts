/**
 * A real registry inside a throw-away host, and images to put there: Debian's docker-registry listens on the host's own
 * loopback, skopeo and umoci work beside it. All three are unpacked, never installed. No test pulls from anywhere else.
 */
export { archive } from "./archive";
export { layout, type LayerSpec, type Manifest, type Spec } from "./layout";
export { Registry, type RegistryOptions } from "./registry";
export { bundle, describeTree } from "./bundle";
export { listens, use } from "./tools";
