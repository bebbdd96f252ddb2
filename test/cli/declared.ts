import { contentKeyOf } from "../../sdk/content-key";
import { rootfs } from "../e2e/rootfs";
import { createHost, type TestHost } from "../host";
import { Engine, type Bag } from "../provider/engine";

/** A throw-away host with things declared on it, for the command to look at. */
export class Declared {
  private constructor(
    readonly host: TestHost,
    private readonly engine: Engine,
  ) {}

  /** Makes an empty host. */
  static async start(): Promise<Declared> {
    const [host, engine] = await Promise.all([createHost(), Engine.start()]);
    return new Declared(host, engine);
  }

  /** Removes it. */
  async close(): Promise<void> {
    await this.engine.stop();
    await this.host.close();
  }

  /** Declares a resource of the stack acme/shop/dev; answers a reference to it. */
  async create(kind: "Layer" | "Image" | "Cgroup" | "Container", name: string, inputs: Bag): Promise<Bag> {
    const place = { name: "web-1", connection: { ...this.host.connection, configFile: "/dev/null" } };
    const owner = `acme/urn:pulumi:dev::shop::pulumi-nodejs:dynamic/slipway:${kind}::${name}`;
    const { inputs: canonical, failures } = await this.engine.check(kind, {}, { owner, host: place, ...inputs });
    if (failures.length > 0) throw new Error(failures.map(({ reason }) => reason).join("\n"));
    const { id, outputs } = await this.engine.create(kind, canonical);
    const reference = { owner, contentKey: outputs["contentKey"] };
    return kind === "Cgroup" ? { ...reference, slot: id.split("/")[0] } : reference;
  }

  /** Declares an image of busybox, with the layer it is made of. */
  async busybox(): Promise<Bag> {
    const archive = await rootfs();
    const contentKey = await contentKeyOf({ rootfs: archive });
    const layer = await this.create("Layer", "base", { rootfs: archive, contentKey });
    return this.create("Image", "busybox", { layers: [layer] });
  }
}
