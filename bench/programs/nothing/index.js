// The yardstick: as many dynamic resources with the same inputs, outputs and references, behind handlers that do nothing.
const pulumi = require("@pulumi/pulumi");
const { connection, count } = require("./settings.json");

const nothing = `exports.handler=()=>({
  check: async (olds, news) => ({ inputs: news }),
  diff: async () => ({}),
  create: async (inputs) => ({ id: require("crypto").randomUUID(), outs: inputs }),
  read: async (id, props) => ({ id, props }),
  update: async (id, olds, news) => ({ outs: news }),
  delete: async () => {},
})`;

/** A resource of that type which is made and does nothing. */
function resource(kind, name, inputs) {
  const type = `pulumi-nodejs:dynamic/nothing:${kind}`;
  const owner = pulumi.createUrn(name, type).apply((urn) => `${pulumi.getOrganization()}/${urn}`);
  return new pulumi.CustomResource(type, name, { hostId: undefined, ...inputs, owner, __provider: nothing });
}

const { address, port, ...rest } = connection;
const host = { name: address, connection: { address, port, ...rest } };
const digest = "sha256:" + "0".repeat(64);
const reference = ({ urn }) => ({ owner: urn, contentKey: digest });

resource("Host", "host", { host });
const layer = resource("Layer", "busybox", { host, contentKey: digest, rootfs: "busybox.tar", intact: true });
const image = resource("Image", "busybox", { host, contentKey: digest, layers: [reference(layer)], intact: true });
for (let index = 0; index < count; index++) {
  resource("Container", `sleeper-${index}`, {
    host,
    image: reference(image),
    command: ["/bin/sleep", "infinity"],
    network: "none",
    memory: 64 * 1024 * 1024,
    pidsLimit: 16,
    running: true,
  });
}
