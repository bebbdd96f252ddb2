/** docs/errors.md lists every code of the way to a host, once, and no other. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { hostErrorCodes } from "../../../provider/host/errors";

test("docs/errors.md lists every code", () => {
  const page = readFileSync(join(__dirname, "../../../docs/errors.md"), "utf8");
  const [, section = ""] = page.split("## On the way to a host");
  const listed = [...section.matchAll(/^\| `(\w+)`/gm)].map(([, code]) => code);
  expect(listed.sort()).toEqual([...hostErrorCodes].sort());
});
