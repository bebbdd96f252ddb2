import * as pulumi from "@pulumi/pulumi";
import * as slipway from "pulumi-slipway";

const { host: connection, rootfs } = new pulumi.Config().requireObject<{ host: slipway.HostArgs; rootfs: string }>(
  "settings",
);
const host = new slipway.Host("host", connection);
const layer = new slipway.Layer("rootfs", { host, rootfs });
const image = new slipway.Image("busybox", { host, layers: [layer] });
const container = new slipway.Container("web", { host, image, command: ["sleep", "100000"], network: "none" });

// A function of the package, asked in the program's own process once the container is there.
const stats: pulumi.Output<slipway.Stats> = slipway.statsOutput(container.host);
export const running: pulumi.Output<boolean> = pulumi
  .all([container.running, stats])
  .apply(([running, { containers }]) => running && containers.length === 1);
