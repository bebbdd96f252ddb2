/** Reading known_hosts, judged by ssh-keygen: `ssh-keygen -F NAME -f FILE` prints the lines that are about a name. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { addKnownHost, isAbout, knownHostName, parseKnownHosts } from "../../../provider/host/known-hosts";

const key = "AAAAC3NzaC1lZDI1NTE5AAAAIIsVqHxZ4xVXuRvKuhyrOJ4nk7mGyH4WHMLFDJvuDDfP";
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipway-known-hosts-"));
});
afterAll(async () => rm(folder, { recursive: true }));

/** The numbers of the lines, from 1, that ssh-keygen finds for a name. */
function found(file: string, name: string): number[] {
  const { stdout } = spawnSync("ssh-keygen", ["-F", name, "-f", file], { encoding: "utf8" });
  return [...stdout.matchAll(/found: line (\d+)/g)].map(([, line]) => Number(line));
}

/** The same by our reading. Each line is parsed by itself, so that its number is known. */
function ours(text: string, name: string): number[] {
  return text
    .split("\n")
    .flatMap((line, index) => (parseKnownHosts(line).some((entry) => isAbout(entry, name)) ? [index + 1] : []));
}

const names = [
  "host",
  "other",
  "a.example.com",
  "bad.example.com",
  "[host]:2222",
  "[a.example.com]:2222",
  "192.168.1.7",
  "::1",
  "[::1]:2222",
];

test("finds the lines that ssh-keygen finds", async () => {
  const text = [
    ...[
      "host",
      "HOST",
      "host,other",
      "other,!host",
      "!host,*",
      "*",
      "h?st",
      "hos?",
      "ho*t",
      "**",
      "?",
      "*.example.com",
    ],
    ...[
      "!bad.example.com,*.example.com",
      "*.example.com,!bad.example.com",
      "!*",
      "[host]:2222",
      "[*]:2222",
      "[*.example.com]:2222",
    ],
    ...["192.168.1.*", "::1", "[::1]:2222", "[host]:*", "host.", "a.example.com,", ",host", "h.st", "(host)", "hos[t]"],
  ].map((pattern) => `${pattern} ssh-ed25519 ${key}`);
  const file = join(folder, "patterns");
  await writeFile(file, text.join("\n"));
  for (const name of names) expect([name, ours(text.join("\n"), name)]).toEqual([name, found(file, name)]);
});

test("finds a thousand random patterns as ssh-keygen does", async () => {
  // Three letters and the special characters, so that many patterns match.
  const pick = (from: string): string => from[Math.floor(Math.random() * from.length)] ?? "";
  const word = (from: string, most: number): string =>
    Array.from({ length: 1 + Math.floor(Math.random() * most) }, () => pick(from)).join("");
  const pattern = (): string => `${Math.random() < 0.25 ? "!" : ""}${word("aab*?.", 4)}`;
  const lines = Array.from(
    { length: 1000 },
    () => `${Array.from({ length: 1 + Math.floor(Math.random() * 3) }, pattern).join(",")} ssh-ed25519 ${key}`,
  );
  const file = join(folder, "random");
  await writeFile(file, lines.join("\n"));
  for (const name of Array.from({ length: 20 }, () => word("aab.", 4))) {
    expect([name, ours(lines.join("\n"), name)]).toEqual([name, found(file, name)]);
  }
});

test("finds hashed names", async () => {
  const file = join(folder, "hashed");
  await writeFile(file, names.map((name) => `${name} ssh-ed25519 ${key}\n`).join(""));
  execFileSync("ssh-keygen", ["-H", "-f", file], { stdio: "ignore" });
  const text = await readFile(file, "utf8");
  expect(text).not.toContain("host");
  for (const name of names) {
    expect(found(file, name)).toHaveLength(1);
    expect(ours(text, name)).toEqual(found(file, name));
  }
});

test("reads markers, comments and blanks, and passes over what it does not understand", () => {
  const entries = parseKnownHosts(
    [
      "# host ssh-ed25519 AAAA",
      "",
      ` \thost\tssh-ed25519 \t${key} a comment with words\r`,
      `@revoked host ssh-ed25519 ${key}`,
      `@cert-authority *.example.com ssh-ed25519 ${key}`,
      `@unknown-marker host ssh-ed25519 ${key}`,
      // The first SSH protocol: bits, exponent, modulus.
      "host 1024 35 1234567890",
      // A type that is not the key's.
      `host ssh-rsa ${key}`,
      "host ssh-ed25519",
      "host ssh-ed25519 !!!!",
      "|1|broken ssh-ed25519 " + key,
    ].join("\n"),
  );
  expect(entries.map(({ marker, names }) => [marker, names])).toEqual([
    [undefined, "host"],
    ["revoked", "host"],
    ["cert-authority", "*.example.com"],
    [undefined, "|1|broken"],
  ]);
  expect(entries.map((entry) => isAbout(entry, "host"))).toEqual([true, true, false, false]);
});

test("adds lines that ssh-keygen finds, also to a file without a last line feed, once each", async () => {
  for (const hashed of [false, true]) {
    const file = join(folder, `new-${hashed}`, "known_hosts");
    const name = knownHostName("Host.Example.COM", 2222);
    await Promise.all(["a", "b", "c"].map(async (other) => addKnownHost(file, other, `ssh-ed25519 ${key}`, hashed)));
    await writeFile(file, (await readFile(file, "utf8")).trimEnd());
    for (let times = 0; times < 3; times += 1) await addKnownHost(file, name, `ssh-ed25519 ${key}`, hashed);
    expect(found(file, "[host.example.com]:2222")).toEqual([4]);
    expect((await readFile(file, "utf8")).split("\n")).toHaveLength(5);
    expect((await readFile(file, "utf8")).includes("host.example.com")).toBe(!hashed);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(join(file, ".."))).mode & 0o777).toBe(0o700);
  }
});
