import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, it } from "vitest";
import * as slipway from "../../../sdk";

describe("a host to ask", () => {
  const failure = async (host: unknown): Promise<string> =>
    slipway.stats(host as string).then(
      () => "it was asked",
      (error: unknown) => (error as Error).message,
    );

  it("is refused with all that is wrong with it, before anything is tried", async () => {
    expect(await failure({ address: "a", port: 0, adress: "b", connectTimeout: "long" })).toBe(
      [
        'adress is not an argument; did you mean "address"?',
        "port must be a whole number from 1 to 65535; got 0",
        'connectTimeout must be a duration such as "10s" or a number of milliseconds; got "long"',
      ].join("\n"),
    );
    expect(await failure("me@host")).toMatch(/^address must be .*got "me@host"$/);
  });

  it("is not asked more often than an agent answers", async () => {
    const readings = slipway.followStats({ address: "127.0.0.1", port: 1 }, { interval: 5 });
    await expect(readings.next()).rejects.toThrow(/^interval must be a duration from 100 ms to a day, .*; got 5$/);
  });
});

describe("in a preview", () => {
  beforeAll(async () =>
    pulumi.runtime.setMocks(
      { call: () => ({}), newResource: ({ inputs }) => ({ id: "slot/incarnation", state: inputs as object }) },
      "shop",
      "dev",
      true,
      "acme",
    ),
  );

  it("the answer is unknown, and no host is touched", async () => {
    const host = new slipway.Host("web", { address: "127.0.0.1", port: 1, connectTimeout: 1 });
    const answer = slipway.statsOutput(host) as pulumi.Output<slipway.Stats> & { isKnown: Promise<boolean> };
    expect(await answer.isKnown).toBe(false);
  });
});
