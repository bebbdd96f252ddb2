import type { Bag } from "../../../provider/resources/bag";

/** Digests that differ, for content keys. */
export const keys = { one: `sha256:${"1".repeat(64)}`, two: `sha256:${"2".repeat(64)}` };

/** A host as resources refer to it. */
export const place = { name: "web-1", connection: { address: "192.0.2.1" } };

/** The least that each resource can be declared with. */
export const least = {
  host: { owner: "organization/urn:host", host: place },
  layer: { owner: "organization/urn:layer", host: place, contentKey: keys.one, rootfs: "rootfs.tar" },
  image: {
    owner: "organization/urn:image",
    host: place,
    layers: [{ owner: "organization/urn:layer", contentKey: keys.one }],
  },
  cgroup: { owner: "organization/urn:cgroup", host: place },
  container: {
    owner: "organization/urn:container",
    host: place,
    image: { owner: "organization/urn:image", contentKey: keys.one },
    network: "none",
  },
} satisfies Record<string, Bag>;
