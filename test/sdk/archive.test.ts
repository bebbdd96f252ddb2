import { execFileSync } from "node:child_process";
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { archive } from "../../sdk/archive";
import { contentKeyOf, layerContent, pathInProgram, type LayerSource } from "../../sdk/content-key";
import { parseChmod } from "../../sdk/permissions";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-archive-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A folder with one of everything a layer may hold, below the test's own. */
function site(name: string): string {
  const root = join(folder, name);
  mkdirSync(join(root, "deep", "x".repeat(120)), { recursive: true, mode: 0o755 });
  mkdirSync(join(root, "empty"), { mode: 0o755 });
  writeFileSync(join(root, "index.html"), "<h1>hello</h1>", { mode: 0o644 });
  writeFileSync(join(root, "run.sh"), "#!/bin/sh\n", { mode: 0o755 });
  writeFileSync(join(root, "deep", "x".repeat(120), "grüße.txt"), "long and not ASCII", { mode: 0o600 });
  writeFileSync(join(root, "block"), Buffer.alloc(1024, 1));
  writeFileSync(join(root, "large"), Buffer.alloc((1 << 20) + 7, 2));
  symlinkSync("index.html", join(root, "link"));
  symlinkSync("/nowhere/" + "y".repeat(150), join(root, "dangling"));
  linkSync(join(root, "index.html"), join(root, "hard"));
  return root;
}

const reproducible = ["--format=ustar", "--mtime=@0", "--owner=:0", "--group=:0", "--numeric-owner"];
const keyOf = (directory: string, target?: string): Promise<string | undefined> => contentKeyOf({ directory, target });

describe("archive of a folder", () => {
  it("is read by tar as the folder is, everything root's and of 1970", () => {
    const packed = Buffer.concat([...archive(site("site"), "/srv/www")]);
    // tar --list --verbose --numeric-owner --utc: mode, owner, size, date, time, name
    const listed = execFileSync("tar", ["-tv", "--numeric-owner", "--utc", "--quoting-style=literal"], {
      input: packed,
    })
      .toString()
      .trim()
      .split("\n")
      .map((line) => line.replace(/ +/g, " "));
    const long = `srv/www/deep/${"x".repeat(120)}/`;
    expect(listed).toEqual([
      "drwxr-xr-x 0/0 0 1970-01-01 00:00 srv/www/",
      "-rw-r--r-- 0/0 1024 1970-01-01 00:00 srv/www/block",
      `lrwxrwxrwx 0/0 0 1970-01-01 00:00 srv/www/dangling -> /nowhere/${"y".repeat(150)}`,
      "drwxr-xr-x 0/0 0 1970-01-01 00:00 srv/www/deep/",
      `drwxr-xr-x 0/0 0 1970-01-01 00:00 ${long}`,
      `-rw------- 0/0 18 1970-01-01 00:00 ${long}grüße.txt`,
      "drwxr-xr-x 0/0 0 1970-01-01 00:00 srv/www/empty/",
      "-rw-r--r-- 0/0 14 1970-01-01 00:00 srv/www/hard",
      "-rw-r--r-- 0/0 14 1970-01-01 00:00 srv/www/index.html",
      "-rw-r--r-- 0/0 1048583 1970-01-01 00:00 srv/www/large",
      "lrwxrwxrwx 0/0 0 1970-01-01 00:00 srv/www/link -> index.html",
      "-rwxr-xr-x 0/0 10 1970-01-01 00:00 srv/www/run.sh",
    ]);
    expect(packed.length % 512).toBe(0);
  });

  it("unpacks to the same bytes", () => {
    const root = site("site");
    const unpacked = join(folder, "unpacked");
    mkdirSync(unpacked);
    execFileSync("tar", ["-x", "-C", unpacked], { input: Buffer.concat([...archive(root, "/")]) });
    execFileSync("diff", ["-r", "--no-dereference", root, unpacked]);
  });

  it("leaves the root folder's own mode to the layer below", () => {
    const root = join(folder, "root");
    mkdirSync(root);
    expect(Buffer.concat([...archive(root, "/")])).toEqual(Buffer.alloc(1024));
  });

  it("writes what tar writes, byte for byte", () => {
    const root = join(folder, "fixed");
    mkdirSync(root, { mode: 0o755 });
    writeFileSync(join(root, "a"), "a\n", { mode: 0o644 });
    const tar = execFileSync("tar", [...reproducible, "-C", root, "-c", "a"]);
    expect(Buffer.concat([...archive(root, "/")])).toEqual(tar.subarray(0, 2048));
  });
});

/** What tar lists of an archive: mode, owner, size and name. */
function listed(packed: Buffer): string[] {
  const words = ["-tv", "--numeric-owner", "--utc", "--quoting-style=literal"];
  const lines = execFileSync("tar", words, { input: packed }).toString().trim().split("\n");
  return lines.map((line) => line.replace(/ +/g, " ").replace(" 1970-01-01 00:00", ""));
}

async function packed(source: LayerSource): Promise<Buffer> {
  const content = layerContent(source);
  if (content === undefined || "archive" in content) throw new Error("nothing is packed");
  const bytes = Buffer.concat([...content.pack()]);
  const sum = execFileSync("sha256sum", { input: bytes }).toString().slice(0, 64);
  expect(await contentKeyOf(source)).toBe(`sha256:${sum}`);
  return bytes;
}

describe("what a folder is changed by on the way", () => {
  it("leaves out what is excluded, unread, and keeps the folders of what is taken back in", async () => {
    const root = site("site");
    execFileSync("mkfifo", [join(root, "deep", "pipe")]);
    const exclude = ["# everything", "deep", "*", "!deep/*/*.txt", "!run.sh", "**/hard"];
    expect(
      listed(await packed({ directory: root, target: "/srv", exclude })).map((line) => line.split(" ")[3]),
    ).toEqual([
      "srv/",
      "srv/deep/",
      `srv/deep/${"x".repeat(120)}/`,
      `srv/deep/${"x".repeat(120)}/grüße.txt`,
      "srv/run.sh",
    ]);
  });

  it("gives it another owner, also one that the fixed header cannot hold", async () => {
    const root = join(folder, "small");
    mkdirSync(root);
    writeFileSync(join(root, "a"), "a", { mode: 0o600 });
    symlinkSync("a", join(root, "b"));
    expect(
      listed(await packed({ directory: root, target: "/s", chown: "33:4294967294", chmod: "u=rwX,go=rX" })),
    ).toEqual([
      "drwxr-xr-x 33/4294967294 0 s/",
      "-rw-r--r-- 33/4294967294 1 s/a",
      "lrwxrwxrwx 33/4294967294 0 s/b -> a",
    ]);
    expect(listed(await packed({ directory: root, chown: 7, chmod: "4711" }))).toEqual([
      "-rws--x--x 7/7 1 a",
      "lrwxrwxrwx 7/7 0 b -> a",
    ]);
  });

  it("changes permissions as chmod does", () => {
    const clause = fc
      .tuple(
        fc.subarray(["u", "g", "o", "a"]).map((whom) => (whom.length === 0 ? "a" : whom.join(""))),
        fc.array(fc.tuple(fc.constantFrom("+", "-", "="), fc.subarray(["r", "w", "x", "X", "s", "t"])), {
          minLength: 1,
          maxLength: 2,
        }),
      )
      .map(([whom, steps]) => whom + steps.map(([operator, letters]) => operator + letters.join("")).join(""));
    const written = fc.array(clause, { minLength: 1, maxLength: 3 }).map((clauses) => clauses.join(","));
    const cases = fc.sample(fc.tuple(written, fc.nat(0o7777), fc.boolean()), 150);
    for (const [at, [changes, mode, isFolder]] of cases.entries()) {
      const path = join(folder, String(at));
      if (isFolder) mkdirSync(path);
      else writeFileSync(path, "");
      chmodSync(path, mode);
      execFileSync("chmod", [changes, path]);
      const found = parseChmod(changes)?.(mode, isFolder);
      expect(found?.toString(8), `${mode.toString(8)} ${changes} ${String(isFolder)}`).toBe(
        (statSync(path).mode & 0o7777).toString(8),
      );
    }
  });
});

describe("files by their paths", () => {
  it("are packed with their owners and permissions, the same in any order and form", async () => {
    const files = {
      "/etc/b": { content: "größer\n", chown: "1:2", chmod: "0640" },
      "/etc/a": "",
      "/z": "z".repeat(512),
    };
    const bytes = await packed({ files });
    expect(listed(bytes)).toEqual(["-rw-r--r-- 0/0 0 etc/a", "-rw-r----- 1/2 9 etc/b", "-rw-r--r-- 0/0 512 z"]);
    const shuffled = {
      "//z": { content: "z".repeat(512) },
      "/etc/./b": { chmod: "640", chown: "1:2", content: "größer\n" },
      "/etc/a": { content: "" },
    };
    expect((await packed({ files: shuffled })).equals(bytes)).toBe(true);
    expect(execFileSync("tar", ["-xO", "etc/b"], { input: bytes }).toString()).toBe("größer\n");
  });
});

describe("content key of a folder", () => {
  it("does not depend on the place of the folder, on times or on the umask", async () => {
    const first = site("first");
    const second = site("second");
    utimesSync(join(second, "index.html"), 1, 1);
    chmodSync(join(second, "run.sh"), 0o775);
    expect(await keyOf(second)).toBe(await keyOf(first));
  });

  const changes: [string, (root: string) => void][] = [
    ["a byte", (root) => writeFileSync(join(root, "index.html"), "<h1>hullo</h1>")],
    ["a permission", (root) => chmodSync(join(root, "index.html"), 0o755)],
    ["the sticky bit of a folder for everybody", (root) => chmodSync(join(root, "empty"), 0o1777)],
    ["an empty folder", (root) => mkdirSync(join(root, "another"))],
    ["a name", (root) => writeFileSync(join(root, "index.htm"), "")],
    [
      "a link's target",
      (root) => {
        rmSync(join(root, "link"));
        symlinkSync("run.sh", join(root, "link"));
      },
    ],
    [
      "a link in place of the same content",
      (root) => {
        rmSync(join(root, "hard"));
        symlinkSync("index.html", join(root, "hard"));
      },
    ],
  ];
  it.each(changes)("changes with %s", async (_, change) => {
    const root = site("site");
    const before = await keyOf(root);
    change(root);
    expect(await keyOf(root)).not.toBe(before);
  });

  it("changes with the target", async () => {
    const root = site("site");
    expect(await keyOf(root, "/srv")).not.toBe(await keyOf(root, "/www"));
  });

  it("is the digest of the bytes that are sent", async () => {
    const root = site("site");
    const sum = execFileSync("sha256sum", { input: Buffer.concat([...archive(root, "/srv")]) }).toString();
    expect(await keyOf(root, "/srv")).toBe(`sha256:${sum.slice(0, 64)}`);
  });
});

describe("sources of a layer", () => {
  it("hashes an archive as it lies there, and notices that it changed", async () => {
    const rootfs = join(folder, "rootfs.tar");
    writeFileSync(rootfs, "one");
    const sum = (): string => `sha256:${execFileSync("sha256sum", [rootfs]).toString().slice(0, 64)}`;
    expect(await contentKeyOf({ rootfs })).toBe(sum());
    writeFileSync(rootfs, "two");
    expect(await contentKeyOf({ rootfs })).toBe(sum());
  });

  it("takes a folder as rootfs like a directory at /", async () => {
    const root = site("site");
    expect(await contentKeyOf({ rootfs: root })).toBe(await keyOf(root, "/"));
  });

  it("takes a link in the place of a folder for that folder", async () => {
    const root = site("site");
    symlinkSync("site", join(folder, "current"));
    expect(await keyOf(join(folder, "current"), "/srv")).toBe(await keyOf(root, "/srv"));
    expect(await contentKeyOf({ rootfs: join(folder, "current") })).toBe(await keyOf(root));
  });

  it("says nothing where there is no source or two", () => {
    expect(layerContent({})).toBeUndefined();
    expect(layerContent({ rootfs: "a", directory: "b" })).toBeUndefined();
  });

  it("names what is missing, or of the wrong kind, and where it looked", async () => {
    await expect(keyOf("no/such")).rejects.toThrow(
      `directory "no/such" does not exist (looked for ${process.cwd()}/no/such)`,
    );
    writeFileSync(join(folder, "file"), "");
    await expect(keyOf(join(folder, "file"))).rejects.toThrow(/is not a folder/);
    symlinkSync(Buffer.from("caf\xe9", "latin1"), join(folder, "link"));
    await expect(keyOf(folder)).rejects.toThrow(/link: what it links to is not valid UTF-8/);
    rmSync(join(folder, "link"));
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/caf`), Buffer.of(0xe9)]), "");
    await expect(keyOf(folder)).rejects.toThrow(/the name is not valid UTF-8/);
    rmSync(Buffer.concat([Buffer.from(`${folder}/caf`), Buffer.of(0xe9)]));
    execFileSync("mkfifo", [join(folder, "pipe")]);
    await expect(keyOf(folder)).rejects.toThrow(/pipe: only files, folders and links/);
  });

  it("keeps paths from the program's folder", () => {
    expect(pathInProgram("./site/")).toBe("site");
    expect(pathInProgram(join(process.cwd(), "..", "web"))).toBe("../web");
    expect(pathInProgram(".")).toBe(".");
  });
});
