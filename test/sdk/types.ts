/**
 * What programs may write and what they get, for the compiler: every line compiles, and every line below an
 * `@ts-expect-error` does not. Nothing of this runs.
 */
import * as pulumi from "@pulumi/pulumi";
import * as slipway from "../../sdk";
import type * as api from "../../provider/stats";

declare const anOutput: pulumi.Output<string>;
declare const aPromise: Promise<slipway.Host>;

/** Programs as they are written. */
export function accepted(): void {
  const host = new slipway.Host("h", {
    address: anOutput,
    port: 22,
    hostKey: [anOutput, "ssh-ed25519 AAAA"],
    connectTimeout: "10s",
  });
  new slipway.Host("h", { address: "a", privateKey: pulumi.secret("key"), onDelete: "purge", user: undefined });
  const base = new slipway.Layer("l", { host, rootfs: anOutput });
  const site = new slipway.Layer("l", {
    host: "web.example",
    directory: "site",
    target: "/srv",
    exclude: [anOutput],
    chown: 33,
  });
  const config = new slipway.Layer("l", {
    host,
    files: { "/a": anOutput, "/b": { content: anOutput, chmod: "0600" } },
  });
  const image = new slipway.Image("i", {
    host: aPromise,
    layers: [base, pulumi.output(site), config],
    config: { env: ["A=1"] },
  });
  new slipway.Image("i", { host, layers: pulumi.output([base]), config: anOutput.apply((user) => ({ user })) });
  const web = new slipway.Container(
    "c",
    {
      host,
      image: pulumi.output(image),
      command: ["httpd", anOutput],
      env: { A: 1, B: true, C: anOutput },
      network: "host",
      memory: "64m",
      cpus: 0.5,
      stopSignal: 15,
      labels: ["a=b"],
      paused: pulumi.output(false),
      wait: "exit",
    },
    { parent: host, dependsOn: [base] },
  );
  const outputs: [
    pulumi.Output<string>,
    pulumi.Output<number | undefined>,
    pulumi.Output<boolean>,
    pulumi.Output<number>,
    pulumi.Output<string[]>,
  ] = [web.imageId, web.memory, web.paused, host.cpus, image.layerDigests];
  const connection: pulumi.Output<string> = web.host.apply((place) => place.connection.address);
  const found: unknown = slipway.Container.get("c", "slot/incarnation", { host: "a" });
  if (slipway.Host.isInstance(found)) void pulumi.log.info(found.os.get());
  void [outputs, connection];
}

/** Questions as programs ask them. */
export async function asked(host: slipway.Host, web: slipway.Container): Promise<void> {
  const { memoryBytes, containers } = await slipway.stats("web-1");
  await slipway.stats({ address: "192.0.2.10", user: "deploy", hostKey: ["ssh-ed25519 AAAA"], connectTimeout: "5s" });
  for await (const { time } of slipway.followStats("web-1", { interval: "2s" })) void [time, memoryBytes];
  const later: pulumi.Output<slipway.Stats>[] = [
    slipway.statsOutput(host),
    slipway.statsOutput(web.host),
    slipway.statsOutput(anOutput),
    slipway.statsOutput(aPromise),
    slipway.statsOutput("web-1"),
  ];
  const text: string = slipway.prometheusText({ "web-1": await slipway.stats("web-1") });
  const used: number | undefined = containers[0]?.cpu?.usageUs;
  void [later, text, used];
}

/** What the agent answers is what programs get: the two descriptions of it are one, but for what may be written to. */
export function same(answer: AsRead<api.Stats>, told: slipway.Stats): void {
  const there: slipway.Stats = answer;
  const back: AsRead<api.Stats> = told;
  void [there, back];
}
type AsRead<T> = T extends readonly (infer E)[]
  ? readonly AsRead<E>[]
  : T extends object
    ? { readonly [K in keyof T]: AsRead<T[K]> }
    : T;

/** Mistakes that the compiler finds before Pulumi does. */
export function refused(host: slipway.Host, image: slipway.Image, layer: slipway.Layer): void {
  // @ts-expect-error an address is required
  new slipway.Host("h", {});
  // @ts-expect-error there is no such argument
  new slipway.Host("h", { address: "a", adress: "b" });
  // @ts-expect-error there is no such transport
  new slipway.Host("h", { address: "a", transport: "telnet" });
  // @ts-expect-error an image is no layer
  new slipway.Image("i", { host, layers: [image] });
  // @ts-expect-error a layer is no image
  new slipway.Container("c", { host, image: layer, network: "none" });
  // @ts-expect-error there is no default network yet
  new slipway.Container("c", { host, image });
  // @ts-expect-error a command is a list
  new slipway.Container("c", { host, image, network: "none", command: "httpd -f" });
  // @ts-expect-error what refresh fills in is not for programs
  new slipway.Container("c", { host, image, network: "none", running: false });
  // @ts-expect-error a host has no other settings than a Host resource
  void slipway.stats({ address: "a", adress: "b" });
  // @ts-expect-error a Host resource has no address yet
  void slipway.stats(host);
  // @ts-expect-error outputs cannot be set
  host.os = pulumi.output("Plan 9");
}
