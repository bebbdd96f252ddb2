import { execFile } from "node:child_process";
import { PassThrough, Readable } from "node:stream";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { isUsageError } from "../../cli/command";
import { findContainer, findContainerOrGroup } from "../../cli/find-container";
import { hostNamed } from "../../cli/host";
import { inspect, report } from "../../cli/inspect";
import { writeLog } from "../../cli/log-lines";
import { logs } from "../../cli/logs";
import { readOwner } from "../../cli/owner";
import { kill, pause, unpause } from "../../cli/stop";
import type { CgroupAnswer, ContainerSummary, Inventory } from "../../provider/api";
import { bundleWithoutAgents } from "../provider/no-agent";

const agents = bundleWithoutAgents();
afterAll(agents.remove);

/** Runs the command from its source; answers what it said and its exit code. */
async function slipway(...words: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  try {
    const done = await promisify(execFile)(process.execPath, ["--require", "tsx/cjs", "cli/main.ts", ...words], {
      env: { ...process.env, SLIPWAY_AGENT_DIR: agents.folder },
    });
    return { code: 0, ...done };
  } catch (error) {
    return error as { code: number; stdout: string; stderr: string };
  }
}

const owner = (name: string, stack = "dev"): string =>
  `acme/urn:pulumi:${stack}::shop::acme:Site$pulumi-nodejs:dynamic/slipway:Container::${name}`;

function container(name: string, digit: string, changed: Partial<ContainerSummary> = {}): ContainerSummary {
  return {
    owner: owner(name),
    slot: `${name}-${digit}`,
    incarnation: digit.repeat(32),
    imageId: `sha256:${digit.repeat(64)}`,
    running: true,
    paused: false,
    command: ["httpd", "-f"],
    ...changed,
  };
}

function cgroup(name: string, digit: string, changed: Partial<CgroupAnswer> = {}): CgroupAnswer {
  return {
    owner: owner(name),
    slot: `${name}-${digit}`,
    incarnation: digit.repeat(32),
    contentKey: "k",
    path: `/slipway/g/${name}`,
    version: 2,
    intact: true,
    paused: false,
    resources: {},
    ...changed,
  };
}

describe("slipway", () => {
  it("tells what it can do", async () => {
    const { code, stdout, stderr } = await slipway("--help");
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/Usage: slipway COMMAND[\s\S]*inspect HOST[\s\S]*logs HOST\/CONTAINER/);
    expect((await slipway("kill", "-h")).stdout).toMatch(
      /at the same moment[\s\S]*pulumi refresh[\s\S]*--identity-file/,
    );
    expect((await slipway("logs", "-h")).stdout).toMatch(/--tail N[\s\S]*--follow[\s\S]*--identity-file/);
    expect((await slipway("--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it("tells a mistake from a failure", async () => {
    const { code, stdout, stderr } = await slipway("nope");
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toBe('slipway: there is no command "nope"\nslipway --help tells what there is.\n');
  });

  it("says on stderr why a host could not be looked at", async () => {
    // Nothing listens on port 1 of the loopback interface.
    const words = ["127.0.0.1", "--port", "1", "--config-file", "/dev/null", "--identity-file", agents.key];
    const { code, stdout, stderr } = await slipway("inspect", ...words);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^slipway: .*127\.0\.0\.1.* refuses the connection \[connection_refused\]/);
  });
});

describe("what is asked for", () => {
  it.each([
    [inspect, [], /inspect takes one HOST/],
    [inspect, ["a", "b"], /inspect takes one HOST/],
    [inspect, ["a", "--colour"], /Unknown option '--colour'/],
    [inspect, ["a", "--port", "x"], /^--port must be a whole number from 1 to 65535; got "x"/],
    [inspect, ["a", "--identity-file", ""], /^--identity-file must be the name of a file/],
    [inspect, ["me@host"], /^HOST must be a name or an IP address; got "me@host"/],
    [logs, ["host"], /logs takes one HOST\/CONTAINER/],
    [pause, ["host"], /^pause takes one HOST\/NAME/],
    [unpause, ["host/a", "host/b"], /^unpause takes one HOST\/NAME/],
    [kill, ["host/web", "--all"], /Unknown option '--all'/],
    [logs, ["host/web", "--tail", "many"], /--tail must be a number of lines; got "many"/],
  ])("by %o with %j is there or not", async (command, words, expected) => {
    const failure: unknown = await command.run(words).catch((error: unknown) => error);
    expect(isUsageError(failure)).toBe(true);
    expect(String(failure).replace(/^\w+Error( \[\w+\])?: /, "")).toMatch(expected);
  });
});

describe("HOST", () => {
  it("is reached as the options say", () => {
    expect(hostNamed("web", { user: "me", port: "22", "no-sudo": true, transport: "openssh" })).toEqual({
      name: "web",
      connection: { address: "web", user: "me", port: 22, sudo: false, transport: "openssh" },
    });
    expect(hostNamed("local", {}).connection).toEqual({ address: "localhost", transport: "local" });
  });
});

describe("owner", () => {
  it.each([
    [owner("web"), { stack: "acme/shop/dev", name: "web" }],
    [owner("web").replace("acme/", "acme/blue/"), { stack: "acme/blue/shop/dev", name: "web" }],
    [owner("a::b/c"), { stack: "acme/shop/dev", name: "a::b/c" }],
    ["something else", { stack: "something else", name: "something else" }],
  ])("%s", (text, expected) => {
    expect(readOwner(text)).toEqual(expected);
  });
});

describe("CONTAINER", () => {
  const all = [
    container("web", "1"),
    container("api", "2"),
    container("db", "3"),
    container("db", "4", { owner: owner("db", "prod") }),
  ];
  const found = (wanted: string): string => findContainer(wanted, all).incarnation[0] ?? "";

  it("is found by name, slot, incarnation and id", () => {
    expect([found("web"), found("api-2"), found("3333"), found("db-4/4444"), found(`db-3/${"3".repeat(32)}`)]).toEqual([
      "1",
      "2",
      "3",
      "4",
      "3",
    ]);
  });

  it("is not guessed", () => {
    expect(() => found("db")).toThrow(/"db" may be any of db \(db-3\/333333333333\), db \(db-4\/444444444444\)/);
    expect(() => found("nope")).toThrow(/no container "nope" on this host; there are web \(/);
    expect(() => findContainer("x", [])).toThrow(/there are none/);
  });

  it("is told from a control group", () => {
    const groups = [cgroup("tenant", "5"), cgroup("web", "6")];
    expect(findContainerOrGroup("tenant", all, groups)).toMatchObject({ resource: "cgroups", slot: "tenant-5" });
    expect(findContainerOrGroup("api", all, groups)).toMatchObject({ resource: "containers", slot: "api-2" });
    expect(() => findContainerOrGroup("web", all, groups)).toThrow(
      /"web" may be any of container web \(web-1\/1{12}\), cgroup web \(web-6\/6{12}\)/,
    );
    expect(() => findContainerOrGroup("x", [], groups)).toThrow(
      /no container or control group "x" on this host; there are cgroup t/,
    );
  });
});

describe("inspect", () => {
  const inventory: Inventory = {
    host: {
      hostId: "h-1",
      architecture: "amd64",
      kernel: "6.1.0",
      os: "Debian GNU/Linux 12",
      cgroupVersion: 2,
      cpus: 2,
      memoryBytes: 4 * 1024 ** 3,
      userNamespaces: true,
      agentDigest: `sha256:${"0".repeat(64)}`,
    },
    hosts: [],
    layers: [
      {
        owner: owner("base"),
        slot: "base-1",
        incarnation: "a".repeat(32),
        contentKey: "k",
        digest: "d",
        sizeBytes: 1536,
        intact: false,
      },
    ],
    images: [],
    cgroups: [cgroup("tenant", "5", { paused: true }), cgroup("old", "6", { intact: false })],
    containers: [
      container("web", "1", { startedAt: "2026-01-02T03:04:05Z" }),
      container("still", "7", { paused: true, frozen: true, oomKills: 3, pidsMaxReached: 1 }),
      container("below", "8", { frozen: true, oomKills: 0, pidsMaxReached: 20 }),
      container("hog", "9", { running: false, exitCode: 137, oomKills: 1, pidsMaxReached: 0 }),
      container("job", "2", { running: false, exitCode: 137, endedAt: "2026-01-02T03:04:06Z" }),
      container("lost", "3", { running: false, owner: owner("lo\u001b[31mst", "prod") }),
    ],
  };

  it("lists what there is by owner, with state and exit code", () => {
    expect(report("web-1", inventory))
      .toBe(`web-1: Debian GNU/Linux 12, Linux 6.1.0, amd64, 2 processors, 4.0 GiB, cgroup v2
host id h-1

acme/shop/dev
  layer      base    damaged, 1.5 KiB                                                      base-1/aaaaaaaaaaaa
  cgroup     tenant  /slipway/g/tenant, paused                                             tenant-5/555555555555
  cgroup     old     gone                                                                  old-6/666666666666
  container  web     running since 2026-01-02T03:04:05Z                                    web-1/111111111111
  container  still   paused, running, 3 killed for want of memory, refused a process once  still-7/777777777777
  container  below   paused with its group, running, refused a process 20 times            below-8/888888888888
  container  hog     exited (137), out of memory                                           hog-9/999999999999
  container  job     exited (137) at 2026-01-02T03:04:06Z                                  job-2/222222222222

acme/shop/prod
  container  lo?[31mst  exited, code unknown  lost-3/333333333333`);
  });

  it("says that a host is empty", () => {
    expect(report("h", { ...inventory, layers: [], cgroups: [], containers: [] })).toMatch(
      /\n\nNothing is declared here\.$/,
    );
  });
});

describe("logs", () => {
  const time = "2026-01-02T03:04:05.000000006Z";
  const lines = [
    `${time} stdout F one`,
    `${time} stdout P tw`,
    `${time} stderr F oh`,
    `${time} stdout F o`,
    `${time} stdout F `,
    "garbage",
    `${time} stdout F F stdout F`,
  ];

  async function written(pieces: Buffer[], timestamps = false): Promise<{ stdout: string; stderr: string }> {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    await writeLog(Readable.from(pieces), { stdout, stderr }, timestamps);
    return { stdout: String(stdout.read() ?? ""), stderr: String(stderr.read() ?? "") };
  }

  it("come as the program wrote them, wherever the stream is cut", async () => {
    const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
    const expected = { stdout: "one\ntwo\n\nF stdout F\n", stderr: "oh\n" };
    expect(await written([bytes])).toEqual(expected);
    expect(await written([...bytes].map((byte) => Buffer.from([byte])))).toEqual(expected);
  });

  it("tell the time of a line once", async () => {
    const { stdout } = await written([Buffer.from(lines.slice(0, 4).join("\n"))], true);
    expect(stdout).toBe(`${time} one\n${time} two\n`);
  });

  it("keep bytes that are no text", async () => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    await writeLog(
      Readable.from([Buffer.concat([Buffer.from(`${time} stdout F `), Buffer.from([0xff, 0x00]), Buffer.from("\n")])]),
      { stdout, stderr },
      false,
    );
    expect([...(stdout.read() as Buffer)]).toEqual([0xff, 0, 10]);
  });
});
