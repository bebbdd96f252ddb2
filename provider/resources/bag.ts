/** Properties as Pulumi hands them over: plain JSON values. */
export type Bag = Readonly<Record<string, unknown>>;

/** Whether a value is an object with named members, as opposed to a list, null or a scalar. */
export function isBag(value: unknown): value is Bag {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * The value without members that are undefined or null, at every depth. Pulumi cannot carry undefined (it fails after
 * the side effect, and the thing is orphaned), and null is how programs in JavaScript leave something out. Members of
 * lists stay, because their places count.
 */
export function compact<T>(value: T): T {
  if (Array.isArray(value)) return value.map((element: unknown) => compact(element)) as T;
  if (!isBag(value)) return value;
  const set = Object.entries(value).filter(([, member]) => member !== undefined && member !== null);
  return Object.fromEntries(set.map(([name, member]) => [name, compact(member)])) as T;
}

/** The named members of a bag that are there. */
export function pick(bag: Bag, names: readonly string[]): Bag {
  return Object.fromEntries(names.filter((name) => name in bag).map((name) => [name, bag[name]]));
}
