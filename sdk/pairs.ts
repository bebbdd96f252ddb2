import * as pulumi from "@pulumi/pulumi";

/**
 * Environment variables and labels by name, also where the program lists them as `NAME=value`. The provider's check
 * does the same, but there a secret in a list has become a secret list: only here each value keeps a mark of its own,
 * so that both forms mean the same to the state. What has no name yet, or none at all, stays as it is written.
 */
export function pairs(written: unknown): pulumi.Input<unknown> {
  return Array.isArray(written) ? byName(written) : written;
}

async function byName(list: readonly unknown[]): Promise<unknown> {
  const found = new Map<string, pulumi.Output<string>>();
  for (const element of list) {
    const text = pulumi.output(element as pulumi.Input<string>);
    const [, name] = /^([^=]+)=/.exec((await valueOf(text)) ?? "") ?? [];
    if (name === undefined || found.has(name)) return list;
    found.set(
      name,
      text.apply((pair) => pair.slice(name.length + 1)),
    );
  }
  return Object.fromEntries(found);
}

/**
 * The value of an output, undefined while it is not known. Pulumi's types hide these two members, but an output is one
 * by having them: they are how outputs of different versions of its SDK read each other.
 */
async function valueOf(output: pulumi.Output<string>): Promise<string | undefined> {
  const { isKnown } = output as unknown as { isKnown: Promise<boolean> };
  const value: unknown = (await isKnown) ? await (output as unknown as { promise(): Promise<unknown> }).promise() : "";
  return typeof value === "string" ? value : undefined;
}
