const pulumi = require("@pulumi/pulumi");
const slipway = require("pulumi-slipway");

const { host: connection, rootfs } = new pulumi.Config().requireObject("settings");
const host = new slipway.Host("host", connection);
const layer = new slipway.Layer("rootfs", { host, rootfs });
const image = new slipway.Image("busybox", { host, layers: [layer] });
const container = new slipway.Container("web", { host, image, command: ["sleep", "100000"], network: "none" });

exports.running = container.running;
