import { partsOf } from "../owner-parts";
import { containerMetrics, deviceMetrics, hostMetrics, linkMetrics, usageMetrics, type Metric } from "./metrics";
import type { Stats, UsageOwner } from "./reading";

/** What tells one value of a metric from another. Those that are undefined are left out. */
type Labels = Readonly<Record<string, string | undefined>>;

/** A thing that is measured. */
type Sample<T> = readonly [labels: Labels, of: T];

/**
 * Readings of hosts, by whatever name the hosts should have, in Prometheus' text format. What each metric is, is listed in
 * docs/prometheus.md.
 *
 * ```ts
 * const text = slipway.prometheusText({ "web-1": await slipway.stats("web-1") });
 * ```
 */
export function prometheusText(readings: Readonly<Record<string, Stats>>): string {
  const hosts = Object.entries(readings).map(([host, reading]): Sample<Stats> => [{ host }, reading]);
  const containers = below(hosts, ({ containers }) => containers.map((each) => [labelsOf(each), each]));
  const cgroups = below(hosts, ({ cgroups }) => cgroups.map((each) => [labelsOf(each), each]));
  const kinds = { container: containers, cgroup: cgroups };
  return [
    ...families("slipway_host_", hostMetrics, hosts),
    ...families("slipway_container_", containerMetrics, containers),
    ...Object.entries(kinds).flatMap(([kind, all]) => [
      ...families(`slipway_${kind}_`, usageMetrics, all),
      ...families(
        `slipway_${kind}_`,
        deviceMetrics,
        below(all, ({ io = [] }) => io.map((each) => [{ device: each.name ?? each.device }, each])),
      ),
    ]),
    ...families(
      "slipway_container_",
      linkMetrics,
      below(containers, ({ links = [] }) => links.map((each) => [{ interface: each.name }, each])),
    ),
  ].join("");
}

/** Who it belongs to. The incarnation is among the labels because an update may run the old and the new one side by side. */
function labelsOf({ owner, incarnation }: UsageOwner): Labels {
  const { organization, namespace, project, stack, name } = partsOf(owner) ?? { name: owner };
  return { organization, namespace, project, stack, name, incarnation };
}

/** What is measured in what is measured. */
function below<T, U>(samples: readonly Sample<T>[], find: (of: T) => readonly Sample<U>[]): Sample<U>[] {
  return samples.flatMap(([labels, of]) => find(of).map(([more, found]): Sample<U> => [{ ...labels, ...more }, found]));
}

/** The text of metrics, of each that has a value anywhere. */
function families<T>(prefix: string, metrics: readonly Metric<T>[], samples: readonly Sample<T>[]): string[] {
  return metrics.flatMap(({ name, type, help, value }) => {
    const lines = samples.flatMap(([labels, of]) => {
      const found = value(of);
      return found === undefined ? [] : [`${prefix}${name}{${written(labels)}} ${found}\n`];
    });
    return lines.length === 0 ? [] : [`# HELP ${prefix}${name} ${help}\n# TYPE ${prefix}${name} ${type}\n`, ...lines];
  });
}

function written(labels: Labels): string {
  const set = Object.entries(labels).filter((label): label is [string, string] => label[1] !== undefined);
  return set.map(([name, value]) => `${name}="${escaped(value)}"`).join(",");
}

/** The format's own escapes; other control characters, which no reader expects, become question marks. */
function escaped(value: string): string {
  return value
    .replace(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/g, "?")
    .replaceAll("\\", "\\\\")
    .replaceAll('"', '\\"')
    .replaceAll("\n", "\\n");
}
