/** An owner taken apart. */
export interface OwnerParts {
  /** The organisation of the stack. */
  readonly organization: string;
  /** `slipway:namespace` of the stack, where it is set. */
  readonly namespace?: string;
  /** The project of the stack. */
  readonly project: string;
  /** The stack. */
  readonly stack: string;
  /** The resource's name in the program. */
  readonly name: string;
}

/** Takes apart what owner.ts puts together; undefined for what is of another form. */
export function partsOf(owner: string): OwnerParts | undefined {
  const found = /^([^/]*)(?:\/([^/]*))?\/urn:pulumi:(.*?)::(.*?)::.*?::(.*)$/s.exec(owner);
  if (found === null) return undefined;
  const [, organization = "", namespace, stack = "", project = "", name = ""] = found;
  return { organization, ...(namespace === undefined ? {} : { namespace }), project, stack, name };
}
