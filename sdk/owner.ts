import * as pulumi from "@pulumi/pulumi";

/**
 * The owner of a resource: `organization/urn`, or `organization/namespace/urn` where the stack sets
 * `slipway:namespace`. It is computed here because the provider's process knows neither name nor URN, and it is known
 * in preview. Two stacks of the same organisation, project and name (possible with state in local folders) that share
 * a host need different namespaces.
 *
 * @throws Error where the namespace holds other characters than letters, digits, ".", "_" and "-".
 */
export function ownerOf(type: string, name: string, opts: pulumi.ResourceOptions): pulumi.Output<string> {
  const namespace = new pulumi.Config("slipway").get("namespace");
  if (namespace !== undefined && !/^[\w.-]+$/.test(namespace)) {
    throw new Error(
      `slipway:namespace must be made of letters, digits, ".", "_" and "-"; got ${JSON.stringify(namespace)}`,
    );
  }
  const prefix = namespace === undefined ? pulumi.getOrganization() : `${pulumi.getOrganization()}/${namespace}`;
  const urn = pulumi.createUrn(name, type, opts.parent);
  // Through a promise, which has no dependencies: to depend on a component is to depend on all its children, so two of
  // them would wait for each other's owner for ever.
  return pulumi.interpolate`${prefix}/${new Promise<string>((resolve) => void urn.apply(resolve))}`;
}
