const pulumi = require("@pulumi/pulumi");
const slipway = require("pulumi-slipway");

/** A host with one container on it. */
class Service extends pulumi.ComponentResource {
  constructor(name, { host: connection, rootfs }) {
    super("components:index:Service", name);
    const parent = { parent: this };
    const host = new slipway.Host("host", connection, parent);
    const layer = new slipway.Layer("rootfs", { host, rootfs }, parent);
    const image = new slipway.Image("busybox", { host, layers: [layer] }, parent);
    const args = { host, image, command: ["sleep", "100000"], network: "none" };
    this.running = new slipway.Container("web", args, parent).running;
    this.registerOutputs();
  }
}
exports.Service = Service;
