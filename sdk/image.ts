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

/** The arguments of an {@link Image}. */
export interface ImageArgs {
  /** Where the image is kept: a Host, or a string that `ssh` would take (a name, an address, an alias). Required. */
  host: pulumi.Input<Host | string>;
  /** The layers, lowest first; each covers those before it. From 1 to 200, all on the same host. Required. */
  layers: pulumi.Input<pulumi.Input<Layer>[]>;
  /** What containers of the image get unless they say otherwise. Default: nothing. */
  config?: pulumi.Input<ImageConfigArgs> | undefined;
}

/** What has to be known of an image to look it up by {@link Image.get}. */
export interface ImageState {
  /** The host it is on. */
  host: pulumi.Input<Host | string>;
}

/**
 * Layers on top of each other, and a config. Images share their layers on disk. A changed image replaces the containers
 * that are made of it.
 *
 * ```ts
 * const image = new slipway.Image("web", { host, layers: [base, site], config: { command: ["httpd", "-f"] } });
 * ```
 */
export class Image extends Resource {
  /** The type of the resource, as it stands in URNs. */
  static readonly __pulumiType: string = typeOf("Image");

  /** See {@link ImageArgs.host}. */
  declare readonly host: pulumi.Output<HostReference>;
  /** The layers it was declared with. */
  declare readonly layers: pulumi.Output<Reference[]>;
  /** See {@link ImageArgs.config}. */
  declare readonly config: pulumi.Output<ImageConfig | undefined>;
  /**
   * A digest of all that determines the content: the layers' content keys and the config. Known in preview where those
   * are.
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

  /** Looks up an image that another stack declared, by its id (`<slot>/<incarnation>`) and host. */
  static get(name: string, id: pulumi.Input<pulumi.ID>, state: ImageState, opts?: pulumi.CustomResourceOptions): Image {
    return new Image(name, state as ImageArgs, pulumi.mergeOptions(opts, { id }));
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
  "contentKey",
  "intact",
  "imageId",
  "layerDigests",
  "sizeBytes",
] as const satisfies readonly (keyof Image)[];
