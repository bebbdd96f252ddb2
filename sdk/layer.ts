import * as pulumi from "@pulumi/pulumi";
import { contentKeyOf, pathInProgram } from "./content-key";
import type { Host, HostReference } from "./host";
import { hostOf } from "./reference";
import { isKind, isLookup, Resource, typeOf } from "./resource";

/** A file of a {@link Layer}, other than with the usual owner and permissions. */
export interface LayerFile {
  /** What is in the file, as UTF-8. May be a secret; see {@link LayerArgs.files}. Required. */
  content: pulumi.Input<string>;
  /** Like {@link LayerArgs.chown}. Default: root. */
  chown?: pulumi.Input<string | number> | undefined;
  /** Like {@link LayerArgs.chmod}. Default: "0644". */
  chmod?: pulumi.Input<string> | undefined;
}

/** The arguments of a {@link Layer}: a host, and one of `rootfs`, `directory` and `files`. */
export interface LayerArgs {
  /** Where the layer is kept: a Host, or a string that `ssh` would take (a name, an address, an alias). Required. */
  host: pulumi.Input<Host | string>;
  /**
   * A whole root file system: a tar archive (plain, gzip or zstd) with its owners and modes, or a folder. The path is
   * taken from the program's folder. Like ADD rootfs.tar / in a Dockerfile, or `docker import`.
   */
  rootfs?: pulumi.Input<string> | undefined;
  /**
   * A local folder whose content is put at `target`. The path is taken from the program's folder. Permissions count, but
   * not the group's right to write, which differs between machines with the umask; times do not count and are 1970-01-01
   * inside. Like COPY in a Dockerfile.
   */
  directory?: pulumi.Input<string> | undefined;
  /** Where `directory` is put, an absolute path inside the container. Default: "/". */
  target?: pulumi.Input<string> | undefined;
  /**
   * What is left out of `directory`: patterns in the syntax of a .dockerignore file, which is not read by itself. Like COPY
   * --exclude in a Dockerfile. Default: nothing.
   *
   * ```ts
   * exclude: ["node_modules", "*.log", "!important.log"]
   * exclude: readFileSync("site/.dockerignore", "utf8").split("\n")
   * ```
   */
  exclude?: pulumi.Input<pulumi.Input<string>[]> | undefined;
  /** Who `directory` and all in it belongs to, by number: "1000:1000", or 1000 for both. Like COPY --chown. Default: root. */
  chown?: pulumi.Input<string | number> | undefined;
  /**
   * What becomes of the permissions in `directory`: "755" for all, or changes as chmod(1) takes them, such as
   * "u=rwX,go=rX" (X is for folders and programs only). Like COPY --chmod. Default: they stay as they are here.
   */
  chmod?: pulumi.Input<string> | undefined;
  /**
   * Files by the absolute path they get, with their content or more ({@link LayerFile}). The content is kept in state, so
   * large files go better into a `directory`. A secret is encrypted there; on the host it is a file like others, readable to
   * all who have the image. Like COPY <<EOF in a Dockerfile.
   */
  files?: pulumi.Input<Record<string, pulumi.Input<string | LayerFile>>> | undefined;
}

/** What has to be known of a layer to look it up by {@link Layer.get}. */
export interface LayerState {
  /** The host it is on. */
  host: pulumi.Input<Host | string>;
}

/**
 * A file tree that never changes: what one step adds to the layers below it. It is kept once on each host however many
 * images are made of it. Local files are read when the program runs, so that a changed byte shows in `pulumi preview`,
 * and sent when it is deployed, unless the host has them.
 *
 * ```ts
 * const base = new slipway.Layer("base", { host, rootfs: "rootfs.tar.gz" });
 * const site = new slipway.Layer("site", { host, directory: "site", target: "/srv/www", exclude: ["drafts"] });
 * const motd = new slipway.Layer("motd", { host, files: { "/etc/motd": "Welcome.\n" } });
 * ```
 */
export class Layer extends Resource {
  /** The type of the resource, as it stands in URNs. */
  static readonly __pulumiType: string = typeOf("Layer");

  /** See {@link LayerArgs.host}. */
  declare readonly host: pulumi.Output<HostReference>;
  /** The path from the program's folder; see {@link LayerArgs.rootfs}. */
  declare readonly rootfs: pulumi.Output<string | undefined>;
  /** The path from the program's folder; see {@link LayerArgs.directory}. */
  declare readonly directory: pulumi.Output<string | undefined>;
  /** See {@link LayerArgs.target}. */
  declare readonly target: pulumi.Output<string | undefined>;
  /** See {@link LayerArgs.exclude}. */
  declare readonly exclude: pulumi.Output<string[] | undefined>;
  /** "user:group"; see {@link LayerArgs.chown}. */
  declare readonly chown: pulumi.Output<string | undefined>;
  /** See {@link LayerArgs.chmod}. */
  declare readonly chmod: pulumi.Output<string | undefined>;
  /** See {@link LayerArgs.files}. */
  declare readonly files: pulumi.Output<
    Record<string, { content: string; chown?: string; chmod?: string }> | undefined
  >;
  /** The sha256 of the archive as it is sent. Known in preview; a change replaces the layer and what is made of it. */
  declare readonly contentKey: pulumi.Output<string>;
  /**
   * Whether all of it is on the host, as of the last deployment or refresh. `pulumi up --refresh` puts it back for
   * containers that start from then on; those that run keep what they have until they are replaced.
   */
  declare readonly intact: pulumi.Output<boolean>;
  /** The digest of the uncompressed archive: the diff id of the OCI image specification. */
  declare readonly digest: pulumi.Output<string>;
  /** What the layer holds, in bytes. */
  declare readonly sizeBytes: pulumi.Output<number>;

  /** Looks up a layer that another stack declared, by its id (`<slot>/<incarnation>`) and host. */
  static get(name: string, id: pulumi.Input<pulumi.ID>, state: LayerState, opts?: pulumi.CustomResourceOptions): Layer {
    return new Layer(name, state, pulumi.mergeOptions(opts, { id }));
  }

  /** Whether a value is a Layer, also if the package was loaded twice. */
  static override isInstance(value: unknown): value is Layer {
    return isKind(value, "Layer");
  }

  /** Declares a layer. The program fails where its files cannot be read. */
  constructor(name: string, args: LayerArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      name,
      {
        kind: "Layer",
        inputs: {
          ...args,
          host: hostOf(args.host),
          rootfs: localPath(args.rootfs),
          directory: localPath(args.directory),
          contentKey: isLookup(opts) ? undefined : contentKey(name, args),
        },
        properties,
      },
      opts,
    );
  }
}

const properties = [
  "host",
  "rootfs",
  "directory",
  "target",
  "exclude",
  "chown",
  "chmod",
  "files",
  "contentKey",
  "intact",
  "digest",
  "sizeBytes",
] as const satisfies readonly (keyof Layer)[];

/** A path as state keeps it: from the program's folder, so that another checkout makes no difference. */
function localPath(path: pulumi.Input<string> | undefined): pulumi.Input<string> | undefined {
  return path === undefined ? undefined : pulumi.output(path).apply(pathInProgram);
}

/**
 * Undefined where the arguments are not those of one layer: the provider's check says so, with all else that is wrong.
 */
function contentKey(name: string, args: LayerArgs): pulumi.Output<string | undefined> {
  const { rootfs, directory, target, exclude, chown, chmod, files } = args;
  return pulumi.output({ rootfs, directory, target, exclude, chown, chmod, files }).apply(async (source) => {
    try {
      return await contentKeyOf(source);
    } catch (error) {
      // Shown without a stack, which would be ours and not the program's. It has to be without one, too: Pulumi
      // renders every stack in colours, and on Node 20 that takes minutes for the frames that come before this one.
      const message = `Layer "${name}": ${error instanceof Error ? error.message : String(error)}`;
      throw Object.assign(new pulumi.RunError(message), { stack: "" });
    }
  });
}
