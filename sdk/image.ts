import * as pulumi from "@pulumi/pulumi";
import type { Host, HostReference } from "./host";
import type { Layer } from "./layer";
import { pairs } from "./pairs";
import { hostOf, referenceTo, type Reference } from "./reference";
import { isKind, Resource, typeOf } from "./resource";

/**
 * What containers of an image get unless they say otherwise. The names are Docker's and the OCI image specification's.
 */
export interface ImageConfigArgs {
  /** The arguments of the entrypoint, or the program and its arguments. Default: none. Like CMD in a Dockerfile. */
  command?: pulumi.Input<pulumi.Input<string>[]> | undefined;
  /** The program and its first arguments. Default: none. Like ENTRYPOINT in a Dockerfile. */
  entrypoint?: pulumi.Input<pulumi.Input<string>[]> | undefined;
  /** Environment variables: `{ NAME: "value" }` or `["NAME=value"]`. Default: none. Like ENV in a Dockerfile. */
  env?:
    | pulumi.Input<Record<string, pulumi.Input<string | number | boolean>>>
    | pulumi.Input<pulumi.Input<string>[]>
    | undefined;
  /** The folder programs start in, an absolute path. Default: "/". Like WORKDIR in a Dockerfile. */
  workingDir?: pulumi.Input<string> | undefined;
  /** Who programs run as: "name", "uid", "name:group" or "uid:gid". Default: root. Like USER in a Dockerfile. */
  user?: pulumi.Input<string | number> | undefined;
  /**
   * The signal that asks programs to end: "SIGQUIT", "QUIT" or 3. Default: SIGTERM. Like STOPSIGNAL in a Dockerfile.
   */
  stopSignal?: pulumi.Input<string | number> | undefined;
  /** Words about the image: `{ name: "value" }` or `["name=value"]`. Default: none. Like LABEL in a Dockerfile. */
  labels?: pulumi.Input<Record<string, pulumi.Input<string>>> | pulumi.Input<pulumi.Input<string>[]> | undefined;
}

/** The config of an image in its canonical form, as the `config` output gives it. */
export interface ImageConfig {
  /** See {@link ImageConfigArgs.command}. */
  readonly command?: string[];
  /** See {@link ImageConfigArgs.entrypoint}. */
  readonly entrypoint?: string[];
  /** See {@link ImageConfigArgs.env}. */
  readonly env?: Record<string, string>;
  /** See {@link ImageConfigArgs.workingDir}. */
  readonly workingDir?: string;
  /** See {@link ImageConfigArgs.user}. */
  readonly user?: string;
  /** A name that begins with SIG; see {@link ImageConfigArgs.stopSignal}. */
  readonly stopSignal?: string;
  /** See {@link ImageConfigArgs.labels}. */
  readonly labels?: Record<string, string>;
}

/** The arguments of an {@link Image}: a host, and either `reference` or `layers`. */
export interface ImageArgs {
  /** Where the image is kept: a Host, or a string that `ssh` would take (a name, an address, an alias). Required. */
  host: pulumi.Input<Host | string>;
  /**
   * The layers, lowest first; each covers those before it. From 1 to 200, all on the same host. Required, or `reference`
   * in its place.
   */
  layers?: pulumi.Input<pulumi.Input<Layer>[]> | undefined;
  /**
   * What containers of the image get unless they say otherwise. Goes with `layers`; an image from a registry has its
   * own. Default: nothing.
   */
  config?: pulumi.Input<ImageConfigArgs> | undefined;
  /**
   * An image in a registry, which the host pulls: "nginx:1.27", "ghcr.io/acme/app:1.4", "app@sha256:…". A tag is looked
   * up when the image is created, and what it stood for then stays until `reference`, `platform` or `triggers` change;
   * `resolveImage` looks it up in each deployment. Required, or `layers` in its place. Like IMAGE in `docker pull IMAGE`.
   */
  reference?: pulumi.Input<string> | undefined;
  /**
   * What the image is to run on, such as "linux/arm64". Default: the host's. A change replaces the image. Like
   * `docker pull --platform`.
   */
  platform?: pulumi.Input<string> | undefined;
  /** Values of any meaning; a change of one replaces the image, which looks its tag up again. Default: none. */
  triggers?: pulumi.Input<pulumi.Input<string | number | boolean>[]> | undefined;
  /**
   * What the registry is given, kept in state as a secret. Default: what `docker login` left on the machine that Pulumi
   * runs on (DOCKER_CONFIG, its helpers included), which is in no state.
   */
  credentials?: pulumi.Input<RegistryCredentialsArgs> | undefined;
  /**
   * Allows the registry, its token service and where it redirects to, to show a certificate that nobody vouches for, and the
   * registry to speak plain HTTP: whoever sits between reads the credentials. Default: false. Like `insecure-registries`
   * in Docker's daemon.json.
   */
  insecure?: pulumi.Input<boolean> | undefined;
  /** Certificates in PEM that are trusted besides those of the host. Default: none. Like /etc/docker/certs.d. */
  ca?: pulumi.Input<string> | undefined;
  /**
   * Registries that have the same repositories and are asked first, in this order: "mirror.example:5000",
   * "harbor.example/hub" for one with something before the repositories, "http://…" for one without TLS. What they send
   * counts where its digest is right; what a tag stands for, they are believed. Default: none. Like `registry-mirrors` in
   * Docker's daemon.json.
   */
  mirrors?: pulumi.Input<pulumi.Input<string>[]> | undefined;
  /**
   * An HTTP proxy on the host's way to the registry, such as "http://proxy.example:3128", kept in state as a secret.
   * Default: what HTTPS_PROXY and NO_PROXY say on the host, for example in /etc/environment.
   */
  proxy?: pulumi.Input<string> | undefined;
  /**
   * How much the layers may take together, unpacked, such as "8g": a few kilobytes can unpack to more than any disk
   * holds. Default: 64g.
   */
  maxSize?: pulumi.Input<string | number> | undefined;
}

/** A name with a password, or with an access token in the place of one. */
export interface RegistryCredentialsArgs {
  /** Like `docker login --username`. Required. */
  username: pulumi.Input<string>;
  /** Like `docker login --password-stdin`. Required. */
  password: pulumi.Input<string>;
}

/** What has to be known of an image to look it up by {@link Image.get}. */
export interface ImageState {
  /** The host it is on. */
  host: pulumi.Input<Host | string>;
}

/**
 * Layers on top of each other, and a config: made of Layers, or pulled from a registry by the host. Images share their
 * layers on disk, however those came. A changed image replaces the containers that are made of it.
 *
 * ```ts
 * const nginx = new slipway.Image("nginx", { host, reference: "nginx:1.27" });
 * const image = new slipway.Image("web", { host, layers: [base, site], config: { command: ["httpd", "-f"] } });
 * ```
 */
export class Image extends Resource {
  /** The type of the resource, as it stands in URNs. */
  static readonly __pulumiType: string = typeOf("Image");

  /** See {@link ImageArgs.host}. */
  declare readonly host: pulumi.Output<HostReference>;
  /** The layers it was declared with. */
  declare readonly layers: pulumi.Output<Reference[] | undefined>;
  /** See {@link ImageArgs.config}. */
  declare readonly config: pulumi.Output<ImageConfig | undefined>;
  /** Written out: "docker.io/library/nginx:1.27"; see {@link ImageArgs.reference}. */
  declare readonly reference: pulumi.Output<string | undefined>;
  /** See {@link ImageArgs.platform}. */
  declare readonly platform: pulumi.Output<string | undefined>;
  /** See {@link ImageArgs.triggers}. */
  declare readonly triggers: pulumi.Output<(string | number | boolean)[] | undefined>;
  /** See {@link ImageArgs.credentials}. */
  declare readonly credentials: pulumi.Output<{ username: string; password: string } | undefined>;
  /** See {@link ImageArgs.insecure}. */
  declare readonly insecure: pulumi.Output<boolean | undefined>;
  /** See {@link ImageArgs.ca}. */
  declare readonly ca: pulumi.Output<string | undefined>;
  /** See {@link ImageArgs.mirrors}. */
  declare readonly mirrors: pulumi.Output<string[] | undefined>;
  /** See {@link ImageArgs.proxy}. */
  declare readonly proxy: pulumi.Output<string | undefined>;
  /** In bytes; see {@link ImageArgs.maxSize}. */
  declare readonly maxSize: pulumi.Output<number | undefined>;
  /**
   * A digest of all that determines the content: the layers' content keys and the config, or reference, platform and
   * triggers. Known in preview where those are.
   */
  declare readonly contentKey: pulumi.Output<string>;
  /** Whether all of it is on the host, as of the last deployment or refresh. `pulumi up --refresh` puts it back. */
  declare readonly intact: pulumi.Output<boolean>;
  /** The digest of the image's configuration, as `docker image inspect` gives it as Id. */
  declare readonly imageId: pulumi.Output<string>;
  /** The digests of the layers' uncompressed archives (diff ids), lowest first. */
  declare readonly layerDigests: pulumi.Output<string[]>;
  /** What the layers hold together, in bytes. */
  declare readonly sizeBytes: pulumi.Output<number>;
  /**
   * What `reference` stood for when the image was pulled: the digest of a manifest, or of an index of manifests for
   * several platforms. Undefined for an image of layers.
   */
  declare readonly digest: pulumi.Output<string | undefined>;
  /** What the image itself says to its containers; undefined for an image of layers, where that is `config`. */
  declare readonly imageConfig: pulumi.Output<ImageConfig | undefined>;

  /** Looks up an image that another stack declared, by its id (`<slot>/<incarnation>`) and host. */
  static get(name: string, id: pulumi.Input<pulumi.ID>, state: ImageState, opts?: pulumi.CustomResourceOptions): Image {
    return new Image(name, state, pulumi.mergeOptions(opts, { id }));
  }

  /** Whether a value is an Image, also if the package was loaded twice. */
  static override isInstance(value: unknown): value is Image {
    return isKind(value, "Image");
  }

  /** Declares an image. */
  constructor(name: string, args: ImageArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      name,
      {
        kind: "Image",
        inputs: {
          ...args,
          host: hostOf(args.host),
          layers: referenceTo(args.layers, "Layer"),
          config: configOf(args.config),
          credentials: args.credentials === undefined ? undefined : pulumi.secret(args.credentials),
          proxy: args.proxy === undefined ? undefined : pulumi.secret(args.proxy),
        },
        properties,
      },
      opts,
    );
  }
}

/** The config with its lists of pairs by name, where it does not come from an output as a whole. */
function configOf(config: ImageArgs["config"]): pulumi.Input<unknown> {
  if (config === undefined || pulumi.Output.isInstance(config) || config instanceof Promise) return config;
  return { ...config, env: pairs(config.env), labels: pairs(config.labels) };
}

const properties = [
  "host",
  "layers",
  "config",
  "reference",
  "platform",
  "triggers",
  "credentials",
  "insecure",
  "ca",
  "mirrors",
  "proxy",
  "maxSize",
  "contentKey",
  "intact",
  "imageId",
  "layerDigests",
  "sizeBytes",
  "digest",
  "imageConfig",
] as const satisfies readonly (keyof Image)[];
