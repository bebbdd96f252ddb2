import type * as pulumi from "@pulumi/pulumi";

/** The same in every copy of the package that a program loads. */
const brand = Symbol.for("pulumi-slipway.imageName");

/**
 * The name of an image that is yet to come. Marked, because a Container has to tell it at once from an Image that is yet to
 * come: it declares an Image for a name.
 */
export type ImageName = pulumi.Output<string> & {
  /** @internal */
  readonly [brand]: true;
};

/** Marks an output as a name. */
export function imageName(name: pulumi.Output<string>): ImageName {
  return Object.assign(name, { [brand]: true as const });
}

/** Whether a value is one. */
export function isImageName(value: unknown): value is ImageName {
  return typeof value === "object" && value !== null && brand in value;
}
