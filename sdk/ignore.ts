/**
 * Patterns of files to leave out, in the syntax of a .dockerignore file
 * (https://docs.docker.com/build/concepts/context/#dockerignore-files): paths from the folder, with `*`, `?` and `[a-z]`
 * within a name and `**` for any number of folders; `!` takes back in what an earlier pattern left out, the last that
 * matches decides, and what is said of a folder holds for all in it. Lines that are empty or begin with `#` say nothing.
 */
export interface Ignore {
  /** Whether something is left out, by its path from the folder with "/" between names. */
  readonly excludes: (path: string) => boolean;
  /** Whether there is a pattern that takes something back in, so that a folder that is left out has to be looked through. */
  readonly hasExceptions: boolean;
}

/**
 * Reads patterns in their order.
 *
 * @throws Error naming the pattern that means nothing.
 */
export function ignore(patterns: readonly string[]): Ignore {
  const rules = patterns.flatMap((pattern) => parse(pattern) ?? []);
  return {
    hasExceptions: rules.some(({ exception }) => exception),
    excludes(path) {
      const names = path.split("/");
      const itselfAndAbove = names.map((_, index) => names.slice(0, names.length - index).join("/"));
      let excluded = false;
      for (const { exception, matches } of rules) {
        if (exception === excluded && itselfAndAbove.some(matches)) excluded = !exception;
      }
      return excluded;
    },
  };
}

/** Why a pattern means nothing, or undefined where it is fine. */
export function wrongPattern(pattern: string): string | undefined {
  try {
    parse(pattern);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

interface Rule {
  readonly exception: boolean;
  readonly matches: (path: string) => boolean;
}

function parse(line: string): Rule | undefined {
  const text = line.trim();
  if (text === "" || line.startsWith("#")) return undefined;
  const exception = text.startsWith("!");
  const written = exception ? text.slice(1).trim() : text;
  const pattern = clean(written);
  if (pattern === "" && exception && /^(\/|$)/.test(written))
    throw new Error(`${JSON.stringify(text)} takes nothing back in; a pattern has to follow the "!"`);
  if (pattern === "") return undefined;
  const expression = translate(pattern);
  return { exception, matches: (path) => expression.test(path) };
}

/**
 * A pattern without what says nothing in a path: "." and empty names, ".." with what is before it, "/" at both ends. One that
 * leads out of the folder stays so, and matches nothing.
 */
function clean(pattern: string): string {
  const names: string[] = [];
  for (const name of pattern.split("/")) {
    if (name === ".." && (pattern.startsWith("/") || (names.length > 0 && names.at(-1) !== ".."))) names.pop();
    else if (name !== "" && name !== ".") names.push(name);
  }
  return names.join("/");
}

/** A character that stands for itself in a regular expression. */
const escaped = (character: string): string => (/[\\^$.*+?()[\]{}|/]/.test(character) ? `\\${character}` : character);

function translate(pattern: string): RegExp {
  let source = "^";
  const characters = Array.from(pattern);
  for (let at = 0; at < characters.length; at += 1) {
    const character = characters[at] ?? "";
    if (character === "*" && characters[at + 1] === "*") {
      // Docker takes it for whole folders, but for any text where it begins a pattern in which nothing else is special.
      const anyText = at === 0 && !/^\/|[*?[\]\\]/.test(pattern.slice(2));
      at += characters[at + 2] === "/" ? 2 : 1;
      source += at + 1 === characters.length || anyText ? ".*" : "(?:.*\\/)?";
    } else if (character === "*") source += "[^/]*";
    else if (character === "?") source += "[^/]";
    else if (character === "[") {
      const { text, end } = characterClass(pattern, characters, at);
      source += text;
      at = end;
    } else if (character === "\\") {
      at += 1;
      const next = characters[at];
      if (next === undefined) throw new Error(`${JSON.stringify(pattern)} ends with a "\\" that nothing follows`);
      source += escaped(next);
    } else source += escaped(character);
  }
  return new RegExp(`${source}$`, "su");
}

/** The same where it stands in a class. */
const inClass = (character: string): string => (character === "-" ? "\\-" : escaped(character));

/** `[a-z]` or `[^a-z]` from its bracket on. */
function characterClass(pattern: string, characters: string[], start: number): { text: string; end: number } {
  const wrong = new Error(`${JSON.stringify(pattern)} has a "[" that no right "]" follows`);
  let at = start + 1;
  let text = "";
  const one = (): string => {
    if (characters[at] === "\\") at += 1;
    const found = characters[at];
    if (found === undefined || (found === "-" && characters[at - 1] !== "\\")) throw wrong;
    at += 1;
    return found;
  };
  const negated = characters[at] === "^";
  if (negated) at += 1;
  do {
    const from = one();
    let to = from;
    if (characters[at] === "-") {
      at += 1;
      to = one();
    }
    // An empty range, such as z-a, matches nothing.
    if (from <= to) text += `${inClass(from)}-${inClass(to)}`;
  } while (characters[at] !== undefined && characters[at] !== "]");
  if (characters[at] === undefined) throw wrong;
  return { text: `[${negated ? "^" : ""}${text}]`, end: at };
}
