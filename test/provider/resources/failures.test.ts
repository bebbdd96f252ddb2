import { describe, expect, it } from "vitest";
import type { ResourceName } from "../../../provider/api";
import { checkFailure } from "../../../provider/failure";
import type { Bag } from "../../../provider/resources/bag";
import { check } from "../../../provider/resources/check";
import { container } from "../../../provider/resources/container";
import type { CommonInputs, Definition } from "../../../provider/resources/definition";
import { host } from "../../../provider/resources/host";
import { image } from "../../../provider/resources/image";
import { layer } from "../../../provider/resources/layer";
import { keys, least, place } from "./inputs";

/** What a person reads: the path and the reason of each failure. */
function failures<R extends ResourceName, I extends CommonInputs>(definition: Definition<R, I>, news: Bag): string[] {
  const checked = check(definition, {}, news);
  if (!("failures" in checked)) return [];
  return checked.failures.map(checkFailure).map(({ reason }) => reason);
}

const ofContainer = (changed: Bag): string[] => failures(container, { ...least.container, ...changed });
const ofHost = (connection: Bag): string[] =>
  failures(host, { ...least.host, host: { name: "web-1", connection: { ...place.connection, ...connection } } });

describe("what is wrong with a container", () => {
  const cases: [string, Bag, string][] = [
    [
      "memory in no unit there is",
      { memory: "64q" },
      'memory must be a size of at least 6m, such as "64m" or a number of bytes, or -1 for no limit; got "64q"',
    ],
    [
      "no memory at all",
      { memory: 0 },
      'memory must be a size of at least 6m, such as "64m" or a number of bytes, or -1 for no limit; got 0',
    ],
    [
      "less processor than the kernel counts",
      { cpus: 0.001 },
      "cpus must be a number of processors from 0.01 to 8192, such as 0.5 (leave it out for no limit); got 0.001",
    ],
    [
      "processors as a word",
      { cpus: "all" },
      'cpus must be a number of processors from 0.01 to 8192, such as 0.5 (leave it out for no limit); got "all"',
    ],
    [
      "less memory than a program needs",
      { memory: "6143k" },
      'memory must be a size of at least 6m, such as "64m" or a number of bytes, or -1 for no limit; got "6143k"',
    ],
    [
      "more processors than there are",
      { cpus: 8193 },
      "cpus must be a number of processors from 0.01 to 8192, such as 0.5 (leave it out for no limit); got 8193",
    ],
    [
      "no processes at all",
      { pidsLimit: 0 },
      "pidsLimit must be a whole number from 1 to 4194304, or -1 for no limit; got 0",
    ],
    [
      "swap that would be negative",
      { memory: "64m", memorySwap: "32m" },
      "memorySwap must be at least memory, 67108864 bytes; got 33554432",
    ],
    [
      "swap beside memory without limit",
      { memory: -1, memorySwap: "32m" },
      "memorySwap counts memory and swap together, so it needs a limit of memory; got memory without limit",
    ],
    [
      "swap without memory",
      { memorySwap: "32m" },
      "memorySwap counts memory and swap together, so it needs memory beside it",
    ],
    [
      "more kept than allowed",
      { memory: "64m", memoryReservation: "65m" },
      "memoryReservation must be at most memory, 67108864 bytes; got 68157440",
    ],
    [
      "processors in both words",
      { cpus: 1, cpuQuota: 50_000 },
      "cpuQuota says the same as cpus in other words; give one of them",
    ],
    ["a period of nothing", { cpuPeriod: 50_000 }, "cpuPeriod says nothing without cpuQuota"],
    [
      "a range upside down",
      { cpusetCpus: "3-1" },
      'cpusetCpus must be a list of processors, such as "0-2,4"; got "3-1"',
    ],
    [
      "a weight out of range",
      { blkioWeight: 5 },
      "blkioWeight must be a whole number from 10 to 1000 (leave it out for the default); got 5",
    ],
    [
      "a device that is none",
      { deviceReadBps: ["sda:1m"] },
      'deviceReadBps[0].path must be a device, as a path below /dev or "major:minor"; got "sda"',
    ],
    [
      "a rate in no unit there is",
      { deviceReadBps: ["/dev/sda:1q"] },
      'deviceReadBps[0].rate must be bytes a second, such as "10m", more than 0; got "1q"',
    ],
    [
      "a device with two limits",
      { deviceWriteIOps: ["/dev/sda:1", "/dev/sda:2"] },
      "deviceWriteIOps names /dev/sda twice",
    ],
    [
      "a command for a shell",
      { command: "httpd -f" },
      'command must be a list of at least one string, such as ["httpd", "-f"] (leave it out for the image\'s); got a string',
    ],
    [
      "an empty entrypoint",
      { entrypoint: [] },
      'entrypoint must be a list of at least one string, such as ["httpd", "-f"] (leave it out for the image\'s); got an empty list',
    ],
    ["a number among the words", { command: ["sleep", 10] }, "command[1] must be a string without NUL; got a number"],
    ["nothing among the words", { command: ["sleep", null] }, "command[1] must be a string without NUL; got null"],
    ["a network there is not", { network: "bridge" }, 'network must be "none" or "host"; got "bridge"'],
    ["an image by name", { image: "nginx:1.27" }, 'image must be an Image; got "nginx:1.27"'],
    [
      "a relative folder",
      { workingDir: "srv" },
      'workingDir must be an absolute path without "..", such as "/srv/www"; got "srv"',
    ],
    [
      "a folder that leads out",
      { workingDir: "/srv/../etc" },
      'workingDir must be an absolute path without "..", such as "/srv/www"; got "/srv/../etc"',
    ],
    [
      "a signal there is not",
      { stopSignal: "SIGFOO" },
      'stopSignal must be a signal, such as "SIGTERM" or 15; got "SIGFOO"',
    ],
    [
      "a time without unit",
      { stopTimeout: "10" },
      'stopTimeout must be a duration such as "10s" or a number of milliseconds; got "10"',
    ],
    [
      "a host name of another kind",
      { hostname: "web_1" },
      'hostname must be a host name of at most 64 characters; got "web_1"',
    ],
    [
      "a user with spaces",
      { user: "no body" },
      'user must be a user such as "www", "33", "www:www" or "33:33"; got "no body"',
    ],
    [
      "a job that never ends",
      { wait: "exit", paused: true },
      'paused must not be true with wait "exit": the job would never end',
    ],
    ["a word for true", { readOnly: "yes" }, 'readOnly must be true or false; got "yes"'],
    ["a variable without value", { env: ["PATH"] }, 'env[0] must be "NAME=value"'],
    ["a variable named twice", { env: ["A=1", "A=2"] }, "env[1] names A a second time"],
    [
      "a variable that is a list",
      { env: { "A.B-C": ["x"] } },
      'env["A.B-C"] must be a string, a number, true or false',
    ],
    ["a name that needs quotes", { labels: { "a b": {} } }, 'labels["a b"] must be a string, a number, true or false'],
    [
      "no pairs",
      { labels: 7 },
      'labels must be an object such as { NAME: "value" }, or a list such as ["NAME=value"]; got a number',
    ],
  ];
  it.each(cases)("%s", (_, changed, expected) => {
    expect(ofContainer(changed)).toEqual([expected]);
  });

  it("is told at once, all of it", () => {
    const found = ofContainer({
      memory: "x",
      cpus: -1,
      command: "ls",
      env: { A: [] },
      network: undefined,
      wait: "healthy",
      colour: 1,
    });
    expect(found.map((line) => line.split(" ")[0])).toEqual(
      expect.arrayContaining(["memory", "cpus", "command", "env.A", "network", "wait", "colour"]),
    );
    expect(found).toHaveLength(7);
    expect(found).toContain('network must be "none" or "host"; it is missing');
  });

  const names: [string, string][] = [
    ["memroy", "memory"],
    ["environment", "env"],
    ["working_dir", "workingDir"],
    ["readonly", "readOnly"],
    ["pids_limit", "pidsLimit"],
    ["network_mode", "network"],
    ["stop_grace_period", "stopTimeout"],
    ["cmd", "command"],
  ];
  it.each(names)("suggests for %s what is meant", (name, meant) => {
    expect(ofContainer({ [name]: 1 })).toEqual([`${name} is not an argument; did you mean "${meant}"?`]);
  });

  it("names what there is where nothing comes near", () => {
    const [found = ""] = ofContainer({ volumes: [] });
    expect(found).toMatch(/^volumes is not an argument; there are host, .*command, .*wait$/);
  });

  it("never shows what may be a secret", () => {
    const found = ofContainer({
      env: { PASSWORD: { nested: "hunter2" }, "BAD=hunter": "x" },
      command: "run --password=hunter2",
      entrypoint: ["a\0hunter2"],
      labels: ["hunter2"],
    });
    expect(found.length).toBeGreaterThan(3);
    expect(found.join("\n")).not.toContain("hunter2");
  });
});

describe("what is wrong with a host", () => {
  const cases: [string, Bag, string][] = [
    ["a port out of range", { port: 70000 }, "port must be a whole number from 1 to 65535; got 70000"],
    ["an address with a user in it", { address: "me@host" }, 'address must be a name or an IP address; got "me@host"'],
    [
      "a transport there is not",
      { transport: "telnet" },
      'transport must be "ssh2", "openssh" or "local"; got "telnet"',
    ],
    ["a mistyped argument", { adress: "x" }, 'adress is not an argument; did you mean "address"?'],
    ["a secret of another type", { privateKey: 12345 }, "privateKey must be the text of a private key; got a number"],
    ["an empty secret", { passphrase: "" }, "passphrase must be a passphrase; got a string"],
  ];
  it.each(cases)("%s", (_, connection, expected) => {
    expect(ofHost(connection)).toEqual([expected]);
  });

  it("tells a wrong key among several by its place", () => {
    expect(ofHost({ hostKey: ["ssh-ed25519 AAAA", "nonsense"] })).toEqual([
      expect.stringMatching(/^hostKey\[1\] must be a key .*got "nonsense"$/),
    ]);
  });
});

describe("what is wrong with a layer", () => {
  const cases: [string, Bag, string[]][] = [
    [
      "nothing to make it of",
      { rootfs: undefined },
      ["rootfs must be given, or directory or files in its place, and only one; got none of them"],
    ],
    [
      "two things to make it of",
      { directory: "site" },
      ["rootfs must be given, or directory or files in its place, and only one; got rootfs and directory"],
    ],
    [
      "a place for a rootfs, and an owner",
      { target: "/srv", chown: 7 },
      [
        "target goes with directory only; a rootfs is taken as it is",
        "chown goes with directory only; a rootfs is taken as it is",
      ],
    ],
    [
      "permissions for all files",
      { rootfs: undefined, files: { "/a": "" }, chmod: "755" },
      ["chmod goes with directory only; files have their own"],
    ],
    [
      "what a folder is changed by",
      { rootfs: undefined, directory: "site", exclude: ["a", "!", 7, "[a"], chown: "www:www", chmod: 755 },
      [
        'exclude[1] must be a pattern as in a .dockerignore file; "!" takes nothing back in; a pattern has to follow the "!"',
        "exclude[2] must be a pattern; got a number",
        'exclude[3] must be a pattern as in a .dockerignore file; "[a" has a "[" that no right "]" follows',
        'chown must be a user and a group by number, such as "1000:1000", or one number for both; got "www:www"',
        'chmod must be text such as "755", or changes as chmod(1) takes them, such as "u=rwX,go=rX"; got 755',
      ],
    ],
    [
      "files",
      {
        rootfs: undefined,
        files: {
          "/a": 7,
          b: "relative",
          "/c/": "a folder",
          "/d": { content: "d", mode: "0600" },
          "/e": "e",
          "//e": "e again",
          "/e/f": "inside",
          "/g": { chmod: "9" },
        },
      },
      [
        'files["/a"].content must be text; got a number',
        'files.b must be an absolute path without "..", such as "/srv/www"; got "b"',
        'files["/c/"] must be the path of a file; this is one of a folder',
        'files["/d"].mode is not an argument; there are content, chown, chmod',
        'files["//e"] is /e a second time',
        'files["/g"].content must be text; it is missing',
        'files["/g"].chmod must be text such as "755", or changes as chmod(1) takes them, such as "u=rwX,go=rX"; got "9"',
        'files["/e"] cannot be a file, because /e/f is in it',
      ],
    ],
    [
      "no files",
      { rootfs: undefined, files: {} },
      [expect.stringMatching(/^files must be an object of files by absolute/)],
    ],
  ];
  it.each(cases)("%s", (_, changed, expected) => {
    expect(failures(layer, { ...least.layer, ...changed })).toEqual(expected);
  });
});

describe("what is wrong with an image", () => {
  it.each([
    ["no layers", { layers: [] }, "layers must be a list of at least one Layer; got an empty list"],
    [
      "more layers than can be mounted",
      { layers: Array.from({ length: 201 }, () => ({ owner: "organization/urn:layer", contentKey: keys.one })) },
      "layers must be a list of at most 200 Layers; got 201",
    ],
    ["a layer that is none", { layers: ["base"] }, 'layers[0] must be a Layer; got "base"'],
    [
      "something in its config",
      { config: { workingDir: 7 } },
      'config.workingDir must be an absolute path without "..", such as "/srv/www"; got 7',
    ],
    [
      "a mistyped setting",
      { config: { workdir: "/" } },
      'config.workdir is not an argument; did you mean "workingDir"?',
    ],
  ])("%s", (_, changed: Bag, expected) => {
    expect(failures(image, { ...least.image, ...changed })).toEqual([expected]);
  });

  it("shows no reference that is broken in itself, but where", () => {
    const layers = [
      { owner: "o", contentKey: keys.one },
      { owner: "o", contentKey: "sha256:short" },
    ];
    expect(failures(image, { ...least.image, layers })).toEqual([
      'layers[1].contentKey must be "sha256:" and 64 hexadecimal digits; got "sha256:short"',
    ]);
  });
});
