/** What the agent's API says of registries: the part of api.ts whose other side is agent/api/pull.go. */
import { z } from "zod";

/** A repository on a registry. */
const registryPlace = z.strictObject({
  /** "name" or "name:port". */
  address: z.string(),
  repository: z.string(),
  /** Allows a certificate that nobody vouches for, and plain HTTP. */
  insecure: z.boolean().exactOptional(),
  /** Certificates in PEM that are trusted besides the host's. */
  ca: z.string().exactOptional(),
  /** A user name with a password, or an identity token. */
  credentials: z
    .strictObject({
      username: z.string().exactOptional(),
      password: z.string().exactOptional(),
      identityToken: z.string().exactOptional(),
    })
    .exactOptional(),
});
/** See the schema. */
export type RegistryPlace = z.infer<typeof registryPlace>;

/** What image to get from a registry, and how. Credentials are used for this request and kept nowhere. */
export const pull = z.strictObject({
  /** What the person wrote, for sentences only. */
  reference: z.string(),
  /** Tag or digest is given, or both; then the digest counts. */
  tag: z.string().exactOptional(),
  digest: z.string().exactOptional(),
  /** "os/architecture" or "os/architecture/variant"; absent for the host's. */
  platform: z.string().exactOptional(),
  /** Tried in this order: mirrors, then the registry itself. */
  places: z.array(registryPlace),
  /** The URL of an HTTP proxy; absent for what the agent's environment says. */
  proxy: z.string().exactOptional(),
  /** How much the layers may take together, unpacked. */
  maxBytes: z.int(),
});
/** See {@link pull}. */
export type Pull = z.infer<typeof pull>;
