import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ResourceName } from "../../../provider/api";
import { compact, type Bag } from "../../../provider/resources/bag";
import { check, replacing } from "../../../provider/resources/check";
import { cgroup } from "../../../provider/resources/cgroup";
import { container } from "../../../provider/resources/container";
import type { CommonInputs, Definition } from "../../../provider/resources/definition";
import { host } from "../../../provider/resources/host";
import { image } from "../../../provider/resources/image";
import { layer } from "../../../provider/resources/layer";
import { unknown } from "../../../provider/resources/unknown";
import { written } from "./arbitrary";
import { least } from "./inputs";

/** The canonical inputs; fails with all that is wrong where there are none. */
function canonical<R extends ResourceName, I extends CommonInputs>(
  definition: Definition<R, I>,
  olds: Bag,
  news: Bag,
): I {
  const checked = check(definition, olds, news);
  if ("failures" in checked) throw new Error(JSON.stringify(checked.failures, undefined, 1));
  return checked.inputs;
}

/** What Pulumi carries: JSON. A property map there has no order, so members come in another one. */
function carried(bag: Bag): Bag {
  const shuffle = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(shuffle);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([name, member]) => [name, shuffle(member)]),
    );
  };
  const text = JSON.stringify(shuffle(bag), (_, value: unknown) => {
    if (value === undefined) throw new Error("undefined cannot be carried");
    return value;
  });
  return JSON.parse(text) as Bag;
}

function properties<R extends ResourceName, I extends CommonInputs>(
  definition: Definition<R, I>,
  inputs: fc.Arbitrary<Bag>,
): void {
  describe(definition.resource, () => {
    it("takes its canonical inputs back unchanged", () => {
      fc.assert(
        fc.property(inputs, (news) => {
          const once = canonical(definition, {}, { ...news, __provider: "text" });
          expect(canonical(definition, once, carried(once))).toEqual(once);
        }),
        { numRuns: 300 },
      );
    });

    it("sees no change where the same is written again", () => {
      fc.assert(
        fc.property(inputs, (news) => {
          const first = canonical(definition, {}, news);
          const second = canonical(definition, first, carried(news));
          expect(second).toEqual(first);
          const known = !JSON.stringify(news).includes(unknown);
          if (known) expect(replacing(definition, { ...first, hostId: "id" }, second)).toEqual([]);
        }),
        { numRuns: 300 },
      );
    });

    it("never lets through undefined, null, or a member it does not know", () => {
      fc.assert(
        fc.property(inputs, (news) => {
          const checked = canonical(definition, {}, news);
          expect(compact(checked)).toEqual(checked);
          for (const name of Object.keys(checked)) expect(definition.inputs).toContain(name);
        }),
        { numRuns: 100 },
      );
    });

    it("takes all inputs unknown", () => {
      // Of several sources of one thing, one.
      const names = definition.inputs.filter((name) => !/^(rootfs|files|layers|config)$/.test(name));
      const inputs = Object.fromEntries(names.map((name) => [name, unknown]));
      expect(canonical(definition, inputs, inputs)).toMatchObject({ owner: unknown, host: unknown });
    });

    it("fills in what drift needs at creation only", () => {
      const [news = {}] = fc.sample(inputs, 1);
      const first: Bag = canonical(definition, {}, news);
      const { intact: _, running: _running, succeeded: _succeeded, ...rest } = first;
      const { paused, ...older } = rest;
      expect(canonical(definition, older, news)).toEqual("paused" in compact(news) ? { ...older, paused } : older);
      for (const name of definition.defaulted ?? []) expect(first).toHaveProperty(name);
      for (const leaf of definition.leaves) expect(leaf in first || leaf === "succeeded").toBe(true);
    });
  });
}

describe("a default that refresh compares", () => {
  const of = (olds: Bag, news: Bag): unknown => canonical(container, olds, { ...least.container, ...news }).paused;

  it("is written down at creation, and where it was before", () => {
    expect([of({}, {}), of({}, { paused: true }), of({}, { wait: "exit" })]).toEqual([false, true, false]);
    expect([of({ owner: "x", paused: true }, {}), of({ owner: "x", paused: false }, { paused: true })]).toEqual([
      false,
      true,
    ]);
    expect([of({ owner: "x" }, {}), of({ owner: "x" }, { paused: true })]).toEqual([undefined, true]);
    expect(of({}, { paused: unknown })).toBe(unknown);
  });
});

properties(host, written.host);
properties(layer, written.layer);
properties(image, written.image);
properties(cgroup, written.cgroup);
properties(container, written.container);
