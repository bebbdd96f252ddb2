import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  containerMetrics,
  deviceMetrics,
  hostMetrics,
  linkMetrics,
  usageMetrics,
  type Metric,
} from "../../../sdk/functions/metrics";
import { prometheusText } from "../../../sdk/functions/prometheus";
import type { Stats } from "../../../sdk/functions/reading";

const root = join(__dirname, "../../..");
const golden = (name: string): Stats =>
  JSON.parse(readFileSync(join(root, `test/api/golden/Stats.${name}.json`), "utf8")) as Stats;

/** One line of the text taken apart, as the format's grammar has it. */
function sample(line: string): { name: string; labels: Record<string, string>; value: string } {
  const [, name = "", list = "", value = ""] = /^([a-z_]+)\{(.*)\} (\S+)$/s.exec(line) ?? [];
  const labels = [...list.matchAll(/([a-z_]+)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/g)];
  expect(labels.map(([whole]) => whole).join("")).toBe(list);
  const plain = (text = ""): string => text.replace(/\\(.)/g, (_, letter: string) => (letter === "n" ? "\n" : letter));
  const read: Record<string, string> = Object.fromEntries(labels.map(([, label = "", text]) => [label, plain(text)]));
  return { name, labels: read, value };
}

const samples = (text: string): ReturnType<typeof sample>[] =>
  text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map(sample);

describe("the text", () => {
  it("has what is read in seconds and bytes, and says whose it is", () => {
    const text = prometheusText({ "web-1": golden("full") });
    const whose =
      'host="web-1",organization="acme",project="site",stack="dev",name="web",incarnation="00000000000000000000000000000000"';
    expect(text).toContain(`# HELP slipway_container_cpu_usage_seconds_total Processor time used.
# TYPE slipway_container_cpu_usage_seconds_total counter
slipway_container_cpu_usage_seconds_total{${whose}} 5
`);
    expect(text).toContain(`\nslipway_container_cpu_cfs_throttled_seconds_total{${whose}} 0.34\n`);
    expect(text).toContain(`\nslipway_container_start_time_seconds{${whose}} 1767322800.5\n`);
    expect(text).toContain(`\nslipway_container_fs_reads_bytes_total{${whose},device="vda"} 1048576\n`);
    expect(text).toContain(`\nslipway_container_fs_reads_bytes_total{${whose},device="7:3"} 512\n`);
    expect(text).toContain(`\nslipway_container_network_transmit_bytes_total{${whose},interface="eth0"} 5\n`);
    expect(text).toContain(`\nslipway_container_pressure_cpu_waiting_seconds_total{${whose}} 0.123456\n`);
    expect(text).toMatch(/^slipway_cgroup_oom_events_total\{.*name="shop".*\} 1$/m);
    expect(text).toMatch(/^slipway_host_memory_bytes\{host="web-1"\} 17179869184$/m);
  });

  it("has nothing of what a host does not know", () => {
    const names = new Set(samples(prometheusText({ h: golden("least") })).map(({ name }) => name));
    expect([...names].filter((name) => !name.startsWith("slipway_host_"))).toEqual([
      "slipway_container_start_time_seconds",
      "slipway_container_cpu_usage_seconds_total",
      "slipway_container_cpu_user_seconds_total",
      "slipway_container_cpu_system_seconds_total",
      "slipway_container_memory_usage_bytes",
      "slipway_container_memory_working_set_bytes",
      "slipway_container_threads",
    ]);
  });

  it("has each metric once, with all hosts, and no series twice", () => {
    const text = prometheusText({ a: golden("full"), b: golden("full") });
    const typed = [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name);
    expect(new Set(typed).size).toBe(typed.length);
    const series = text.split("\n").map((line) => line.replace(/ \S+$/, ""));
    expect(new Set(series).size).toBe(series.length);
  });

  it("can be read back whatever the names are", () => {
    const name = fc.string({ unit: "grapheme", minLength: 1 }).map((text) => `${text}\\"\n\\n`);
    fc.assert(
      fc.property(name, name, (host, resource) => {
        const reading = golden("least");
        const owner = (text: string): string => text.replace(/::job$/, () => `::${resource}`);
        const containers = reading.containers.map((each) => ({ ...each, owner: owner(each.owner) }));
        const [found] = samples(prometheusText({ [host]: { ...reading, containers } })).filter(({ name }) =>
          name.endsWith("_threads"),
        );
        expect(found?.labels).toMatchObject({ host, stack: "dev", name: resource });
      }),
    );
  });

  it("has no control characters, and names what is of an unknown owner by that", () => {
    const reading = golden("least");
    const containers = reading.containers.map((each) => ({ ...each, owner: "a\x00b\x1b[31m\r\t" }));
    const text = prometheusText({ h: { ...reading, containers } });
    expect(text).toContain('{host="h",name="a?b?[31m??",incarnation=');
  });
});

describe("docs/prometheus.md", () => {
  const page = readFileSync(join(root, "docs/prometheus.md"), "utf8");
  const listed = [...page.matchAll(/^\| `(\w+)` +\| (counter|gauge) +\| (\w[\w ]*)? *\|/gm)].map(
    ([, name = "", type = "", unit = ""]) => ({ name, type, unit: unit.trim() }),
  );
  const all = [hostMetrics, containerMetrics, usageMetrics, deviceMetrics, linkMetrics].flat() as Metric<never>[];

  it("lists every metric with its type, and no other", () => {
    const key = ({ name, type }: { name: string; type: string }): string => `${name} ${type}`;
    expect(listed.map(key).sort()).toEqual(all.map(key).sort());
  });

  it("says the unit that the name says", () => {
    const wrong = listed.filter(
      ({ name, unit }) =>
        /(^|_)(timestamp|start_time)_seconds$/.test(name) !== (unit === "Unix time") ||
        (/_seconds(_total)?$/.test(name) && !/seconds|Unix time/.test(unit)) ||
        /_bytes(_total)?$/.test(name) !== (unit === "bytes"),
    );
    expect(wrong).toEqual([]);
  });
});
