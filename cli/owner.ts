/** An owner taken apart for people. */
export interface Owner {
  /** Organisation, namespace if there is one, project and stack: what a group of resources has in common. */
  readonly stack: string;
  /** The resource's name in the program. */
  readonly name: string;
}

/** Takes an owner apart (sdk/owner.ts puts it together). One that is of another form stands for itself. */
export function readOwner(owner: string): Owner {
  const found = /^(.*?)\/urn:pulumi:(.*?)::(.*?)::.*?::(.*)$/s.exec(owner);
  if (found === null) return { stack: owner, name: owner };
  const [, prefix = "", stack = "", project = "", name = ""] = found;
  return { stack: `${prefix}/${project}/${stack}`, name };
}
