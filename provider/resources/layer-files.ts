import type { z } from "zod";
import { isBag } from "./bag";
import { absolutePath, chmod, chown } from "./fields";
import { described, hand, judged, members, quiet } from "./schema";
import { unknown } from "./unknown";

/** A file of a layer in its canonical form. */
export interface LayerFile {
  readonly content: string;
  readonly chown?: string;
  readonly chmod?: string;
}

const rule = 'must be an object of files by absolute path, such as { "/etc/motd": "Welcome.\\n" }';

const oneFile = members('must be the text of the file, or an object such as { content: "…", chmod: "0600" }', {
  content: quiet("must be text", (found) => (typeof found === "string" ? found : undefined)),
  chown: chown().exactOptional(),
  chmod: chmod().exactOptional(),
});

/** Files by the path they get. Their content may be secret, so a failure does not show it. */
export function layerFiles(): z.ZodType<Record<string, LayerFile>> {
  return judged((found, fail) => {
    if (!isBag(found) || Object.keys(found).length === 0) return void fail(`${rule}; ${described(found)}`);
    const canonical = new Map<string, LayerFile>();
    for (const [written, what] of Object.entries(found)) {
      const path = hand(absolutePath(), written, fail, [written]);
      const content = hand(oneFile, isBag(what) || what === unknown ? what : { content: what }, fail, [written]);
      if (path === undefined || content === undefined) continue;
      if (path === "/" || written.endsWith("/")) fail("must be the path of a file; this is one of a folder", [written]);
      else if (canonical.has(path)) fail(`is ${path} a second time`, [written]);
      else canonical.set(path, withoutDefaults(content));
    }
    const paths = [...canonical.keys()].sort();
    for (const path of paths) {
      const inside = paths.find((other) => other.startsWith(`${path}/`));
      if (inside !== undefined) fail(`cannot be a file, because ${inside} is in it`, [path]);
    }
    return Object.fromEntries(paths.map((path) => [path, canonical.get(path) as LayerFile]));
  });
}

/** What is as it would be anyway is not said, so that both ways of writing it are the same to the state. */
function withoutDefaults(written: LayerFile): LayerFile {
  // One that is not known yet.
  if (!isBag(written)) return written;
  const { chown: owner, chmod: mode, ...rest } = written;
  return {
    ...rest,
    ...(owner !== undefined && owner !== "0:0" && { chown: owner }),
    ...(mode !== undefined && mode !== "0644" && { chmod: mode }),
  };
}
