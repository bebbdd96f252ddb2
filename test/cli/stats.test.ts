import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isUsageError } from "../../cli/command";
import { Screen } from "../../cli/screen";
import { stats } from "../../cli/stats";
import { rowsOf } from "../../cli/stats-rows";
import { statsTable } from "../../cli/stats-table";
import { figuresOf, type Figures } from "../../cli/usage";
import { stats as schema, type Stats } from "../../provider/stats";
import { container, cpu, group, memory, ownerOf, reading } from "./readings";

const golden = join(__dirname, "../api/golden/Stats.full.json");
const full = (): Stats => schema.parse(JSON.parse(readFileSync(golden, "utf8")));

/** The figures of a container in the second of two readings. */
function figures(before: Stats, now: Stats): Figures {
  const [measured] = now.containers;
  if (measured === undefined) throw new Error("there is no container");
  return figuresOf(measured, now, before);
}

describe("rates", () => {
  const at = (second: number, usageUs: number, changed = {}): Stats =>
    reading(second, { containers: [container("web", "1", { cpu: cpu(usageUs), ...changed })] });

  it("of the processor are in percent of one", () => {
    expect(figures(at(0, 1_000_000), at(1, 1_500_000)).cpuPercent).toBeCloseTo(50);
    expect(figures(at(0, 0), at(2, 4_000_000)).cpuPercent).toBeCloseTo(200);
    // Half a millisecond of a thousand: times are exact to the microsecond.
    expect(figures(at(1.0005, 0), at(2, 500)).cpuPercent).toBeCloseTo(0.05002, 4);
  });

  it("are not known of what was not there, began anew, or is read at a clock that was set back", () => {
    expect(figures(reading(0), at(1, 5)).cpuPercent).toBeUndefined();
    const again = { startedAt: "2026-01-02T03:04:00.5Z" };
    expect(figures(at(0, 5), at(1, 700_000, again)).cpuPercent).toBeUndefined();
    expect(figures(at(0, 700_000), at(1, 5)).cpuPercent).toBeUndefined();
    expect(figures(at(0, 5), at(1, 6, { incarnation: "2".repeat(32) })).cpuPercent).toBeUndefined();
    expect(figures(at(1, 5), at(0, 6)).cpuPercent).toBeUndefined();
  });

  it("of waiting are in percent of the periods that passed", () => {
    const quota = (periods: number, throttledPeriods: number): Stats =>
      at(periods / 10, 0, { cpu: cpu(0, { periods, throttledPeriods }) });
    expect(figures(quota(0, 0), quota(10, 4)).throttledPercent).toBeCloseTo(40);
    // It slept: no period passed with something running.
    expect(figures(quota(7, 4), { ...quota(7, 4), time: reading(9).time }).throttledPercent).toBe(0);
    // There is no quota.
    expect(figures(at(0, 0), at(1, 0)).throttledPercent).toBeUndefined();
    expect(figures(quota(0, 0), { ...quota(0, 0), time: reading(1).time }).throttledPercent).toBeUndefined();
  });

  it("are never negative, infinite or no number, whatever is read", () => {
    const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });
    const one = fc.record({ second: fc.integer({ min: 0, max: 59 }), usageUs: count, periods: count, waited: count });
    const made = ({ second, usageUs, periods, waited }: typeof one extends fc.Arbitrary<infer T> ? T : never): Stats =>
      at(second, 0, { cpu: cpu(usageUs, { periods, throttledPeriods: waited }) });
    fc.assert(
      fc.property(one, one, (before, now) => {
        const { cpuPercent, throttledPercent } = figures(made(before), made(now));
        for (const percent of [cpuPercent ?? 0, throttledPercent ?? 0]) {
          expect(Number.isFinite(percent) && percent >= 0).toBe(true);
        }
      }),
    );
  });
});

describe("a limit on memory", () => {
  const inGroups = (own: number | undefined, host = 4096): Figures => {
    const limit = own === undefined ? {} : { max: own };
    const now = reading(0, {
      memoryBytes: host * 1024 ** 2,
      cgroups: [
        group("shop", "2", "/slipway/g/a", { memory: memory(50, { max: 200 }) }),
        group("other", "3", "/slipway/g/ab", { memory: memory(0, { max: 1 }) }),
      ],
      containers: [container("web", "1", { path: `/slipway/g/a/${"1".repeat(32)}`, memory: memory(50, limit) })],
    });
    return figures(now, now);
  };

  it("is the least of its own, those of the groups around it, and the host's memory", () => {
    const mib = (figures: Figures): number => figures.memoryLimitBytes / 1024 ** 2;
    expect([mib(inGroups(100)), mib(inGroups(undefined)), mib(inGroups(300)), mib(inGroups(300, 128))]).toEqual([
      100, 200, 200, 128,
    ]);
    expect(inGroups(100).memoryPercent).toBeCloseTo(50);
  });

  it("is not known on a host that does not tell its memory", () => {
    const now = reading(0, { memoryBytes: 0, containers: [container("web", "1", { memory: memory(1) })] });
    expect(figures(now, now)).toMatchObject({ memoryLimitBytes: Infinity, memoryPercent: undefined });
    expect(statsTable(rowsOf([{ address: "h", reading: now }])).join("\n")).toMatch(/ 1\.0MiB \/ -- +-- /);
  });
});

describe("the table", () => {
  const web = { path: "/s/g/a/w", cpu: cpu(250_000, { periods: 10, throttledPeriods: 5 }), memory: memory(64) };
  const now = reading(1, {
    cgroups: [
      group("inner", "6", "/s/g/a/b", { pids: { current: 0 } }),
      group("shop", "5", "/s/g/a", { cpu: cpu(1_250_000), memory: memory(192, { max: 256, oomKills: 2 }) }),
    ],
    containers: [
      container("db", "1", { io: [{ device: "8:0", readBytes: 2048, writeBytes: 0, readOps: 1, writeOps: 0 }] }),
      container("web10", "3", { path: "/s/g/a/x" }),
      container("web9", "2", { ...web, pids: { current: 3 }, pressure: { memory: { some: share(12.5) } } }),
      ...full()
        .containers.slice(0, 1)
        .map((each) => ({ ...each, owner: ownerOf("full"), path: "/s/c/f" })),
    ],
  });
  const before: Stats = {
    ...now,
    time: reading(0).time,
    containers: now.containers.map((each) => ({ ...each, cpu: cpu(0, { periods: 0, throttledPeriods: 0 }) })),
    cgroups: now.cgroups.map((each) => ({ ...each, cpu: cpu(0) })),
  };
  function share(avg10: number): { avg10: number; avg60: number; avg300: number; totalUs: number } {
    return { avg10, avg60: 0, avg300: 0, totalUs: 0 };
  }

  it("has each container below the group it is in", () => {
    expect(`\n${statsTable(rowsOf([{ address: "h", reading: now, earlier: before }])).join("\n")}\n`).toBe(`
NAME      CPU %    THROTTLED  MEM USAGE / LIMIT  MEM %    MEM STALL  OOM  NET I/O          BLOCK I/O        PIDS
shop/     125.00%  --         192MiB / 256MiB    75.00%   --         2    --               --               --
  inner/  --       --         --                 --       --         --   --               --               0
  web9    25.00%   50.00%     64.0MiB / 256MiB   25.00%   12.50%     --   --               --               3
  web10   --       --         --                 --       --         --   --               --               --
db        --       --         --                 --       --         --   --               2.0KiB / 0B      --
full      500.00%  12.00%     50.0MiB / 128MiB   39.06%   0.00%      1    1B / 5B          1.0MiB / 4.0KiB  4
`);
  });

  it("takes a group for all that is in it", () => {
    const slots = new Set(now.cgroups.filter(({ owner }) => owner.endsWith("shop")).map(({ slot }) => slot));
    expect(slots.size).toBe(1);
    const rows = rowsOf([{ address: "h", reading: now, slots }]);
    expect(rows.map(({ name }) => name.trim())).toEqual(["shop/", "inner/", "web9", "web10"]);
  });

  it("leaves out of a narrow terminal what can be done without, and then cuts names", () => {
    const rows = rowsOf([{ address: "h", reading: now, earlier: before }]);
    const heading = (width: number): string => statsTable(rows, width)[0] ?? "";
    expect(heading(120)).toMatch(/^NAME .*MEM STALL.*OOM.*PIDS$/);
    expect(heading(80)).toBe("NAME      CPU %    MEM USAGE / LIMIT  MEM %    OOM  NET I/O          PIDS");
    expect(heading(40)).toBe("NAME      CPU %    MEM USAGE / LIMIT");
    const long = reading(0, { containers: [container("a-name-that-has-no-end-at-all", "1")] });
    const [, line] = statsTable(rowsOf([{ address: "h", reading: long }]), 50);
    expect(line).toMatch(/^a-name-that-has-no… +-- +--$|^a-name-that-has-[^ ]*… +-- +--$/);
  });

  it("fits into any terminal, whatever the names are", () => {
    const name = fc.string({ unit: "binary", minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 9 }), fc.integer({ min: 1, max: 200 }), (names, width) => {
        const containers = names.map((each, at) => container(each, "1", { slot: String(at) }));
        const lines = statsTable(rowsOf([{ address: "h", reading: reading(0, { containers }) }]), width);
        expect(lines.length).toBe(names.length + 1);
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
        expect(lines.join("")).not.toMatch(/[\x00-\x1f\x7f-\x9f]/);
      }),
    );
  });

  it("tells apart what goes by one name, and has headings where there is more than one stack or host", () => {
    const two = reading(0, {
      containers: [
        container("web", "1"),
        container("web", "2"),
        container("web", "3", { owner: ownerOf("web", "prod") }),
      ],
    });
    const names = (hosts: Parameters<typeof rowsOf>[0]): string[] => rowsOf(hosts).map((row) => row.name);
    const one = ["acme/shop/dev", "  web 111111111111", "  web 222222222222", "acme/shop/prod", "  web"];
    expect(names([{ address: "a", reading: two }])).toEqual(one);
    expect(names([{ address: "a", reading: two, slots: new Set(["web-3"]) }])).toEqual(["web"]);
    expect(
      names([
        { address: "a", reading: two },
        { address: "b", reading: reading(0) },
      ]),
    ).toEqual(["a", ...one.map((name) => `  ${name}`), "b"]);
  });

  it("says that nothing runs", () => {
    expect(statsTable(rowsOf([{ address: "a", reading: reading(0) }]))).toEqual(["Nothing runs."]);
  });
});

describe("a screen", () => {
  /** A terminal of a size; `seen` takes what was written since the last time. */
  function terminal(columns: number, rows: number): { stream: NodeJS.WriteStream; seen: () => string } {
    const stream = new PassThrough();
    Object.assign(stream, { isTTY: true, columns, rows });
    return { stream: stream as unknown as NodeJS.WriteStream, seen: () => String(stream.read() ?? "") };
  }
  const drawing = (text: string): string => text.replaceAll("\x1b[?7l", "").replaceAll("\x1b[?7h", "");

  it("draws over what it drew, and over no more", async () => {
    const { stream, seen } = terminal(80, 24);
    let lines = ["one", "two"];
    const screen = Screen.on(stream, () => lines);
    await screen?.draw();
    expect(drawing(seen())).toBe("\rone\x1b[K\ntwo\x1b[K\n\x1b[J");
    lines = ["three"];
    await screen?.draw();
    expect(drawing(seen())).toBe("\x1b[2A\rthree\x1b[K\n\x1b[J");
    await screen?.draw();
    expect(drawing(seen())).toBe("\x1b[1A\rthree\x1b[K\n\x1b[J");
  });

  it("draws no more lines than there is room for", async () => {
    const { stream, seen } = terminal(80, 4);
    await Screen.on(stream, () => ["1", "2", "3", "4"])?.draw();
    expect(drawing(seen())).toBe("\r1\x1b[K\n2\x1b[K\n… and 2 more\x1b[K\n\x1b[J");
  });

  it("begins at the top when the terminal has another size", async () => {
    const { stream, seen } = terminal(80, 24);
    const screen = Screen.on(stream, (width) => [String(width)]);
    stream.emit("resize");
    expect(seen()).toBe("");
    await screen?.draw();
    seen();
    stream.columns = 40;
    stream.emit("resize");
    expect(drawing(seen())).toBe("\x1b[H40\x1b[K\n\x1b[J");
  });

  it("is no file and no pipe", () => {
    expect(Screen.on(new PassThrough() as unknown as NodeJS.WriteStream, () => [])).toBeUndefined();
  });
});

describe("what is asked of stats", () => {
  it.each([
    [[], /^stats takes at least one HOST or HOST\/NAME/],
    [["/web"], /^"\/web" is no HOST or HOST\/NAME/],
    [["host/"], /^"host\/" is no HOST or HOST\/NAME/],
    [["host", "--json", "--prometheus"], /^--json or --prometheus, not both/],
    [["host", "--interval", "often"], /^--interval must be a duration from 100 ms to a day, .*; got "often"/],
    [["host", "--interval", "48h"], /^--interval must be .*; got "48h"/],
    [["host", "--interval", "5ms"], /^--interval must be .*; got "5ms"/],
    [["me@host"], /^HOST must be a name or an IP address; got "me@host"/],
  ])("%j is a mistake", async (words, expected) => {
    const failure: unknown = await stats.run(words).catch((error: unknown) => error);
    expect(isUsageError(failure)).toBe(true);
    expect((failure as Error).message).toMatch(expected);
  });
});
