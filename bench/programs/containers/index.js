// What is measured: `count` containers of one image on one host.
const slipway = require("pulumi-slipway");
const { connection, rootfs, count } = require("./settings.json");

const host = new slipway.Host("host", connection);
const layer = new slipway.Layer("busybox", { host, rootfs });
const image = new slipway.Image("busybox", { host, layers: [layer] });
for (let index = 0; index < count; index++) {
  new slipway.Container(`sleeper-${index}`, {
    host,
    image,
    command: ["/bin/sleep", "infinity"],
    network: "none",
    memory: "64m",
    pidsLimit: 16,
  });
}
