import * as grpc from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as messages from "@pulumi/pulumi/proto/provider_pb";
import * as status from "@pulumi/pulumi/proto/status_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { providerOf, type Kind } from "../../sdk/resource";

/** Properties as they travel. */
export type Bag = Record<string, unknown>;

/** An error as the engine sees it, with what was recorded although the call failed. */
export interface CallError {
  message: string;
  left?: { id: string; properties: Bag; reasons: string[] };
}

/**
 * As much of Pulumi's engine as a provider sees: the real process that runs dynamic providers, its gRPC calls, and the
 * property bags with `__provider` in them. Our side runs from its source, through the text that stands in users' state.
 */
export class Engine {
  private constructor(
    private readonly process: ChildProcess,
    private readonly client: ResourceProviderClient,
    private readonly folder: string,
    /** What the provider wrote, as users would see it. */
    readonly output: () => string,
  ) {}

  /** Starts a provider with a stack's configuration, as a program in a folder of its own. */
  static async start(config: Record<string, string> = {}, environment: NodeJS.ProcessEnv = {}): Promise<Engine> {
    const folder = mkdtempSync(join(tmpdir(), "slipway-engine-"));
    const packaged = join(folder, "node_modules/pulumi-slipway");
    mkdirSync(packaged, { recursive: true });
    writeFileSync(
      join(packaged, "provider.js"),
      `module.exports = require(${JSON.stringify(join(root, "provider"))});`,
    );
    const child = spawn(process.execPath, ["--require", require.resolve("tsx/cjs"), dynamicProvider, "127.0.0.1:1"], {
      cwd: folder,
      env: { ...process.env, PULUMI_NODEJS_PROJECT: "shop", ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    child.stderr.on("data", (piece: Buffer) => (output += piece.toString()));
    const port = await new Promise<string>((resolve, reject) => {
      child.stdout.on("data", (piece: Buffer) => {
        output += piece.toString();
        const found = /^(\d+)\n/.exec(output);
        if (found?.[1] !== undefined) resolve(found[1]);
      });
      child.on("exit", () => {
        reject(new Error(output));
      });
    });
    const client = new ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
    const engine = new Engine(child, client, folder, () => output);
    const request = new messages.ConfigureRequest();
    request.setArgs(Struct.fromJavaScript(config));
    await engine.call("configure", request);
    return engine;
  }

  /** Ends the provider as the engine does, and removes the program's folder. */
  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.process.once("exit", resolve));
    this.client.close();
    this.process.kill("SIGINT");
    await ended;
    rmSync(this.folder, { recursive: true });
  }

  async check(kind: Kind, olds: Bag, news: Bag): Promise<{ inputs: Bag; failures: messages.CheckFailure.AsObject[] }> {
    const request = new messages.CheckRequest();
    request.setOlds(bag(kind, olds));
    request.setNews(bag(kind, news));
    const response = await this.call<messages.CheckResponse>("check", request);
    return { inputs: plain(response.getInputs()), failures: response.toObject().failuresList };
  }

  async diff(kind: Kind, id: string, olds: Bag, news: Bag): Promise<messages.DiffResponse.AsObject> {
    const request = new messages.DiffRequest();
    request.setId(id);
    request.setOlds(bag(kind, olds));
    request.setNews(bag(kind, news));
    return (await this.call<messages.DiffResponse>("diff", request)).toObject();
  }

  async create(kind: Kind, inputs: Bag): Promise<{ id: string; outputs: Bag }> {
    const request = new messages.CreateRequest();
    request.setProperties(bag(kind, inputs));
    const response = await this.call<messages.CreateResponse>("create", request);
    return { id: response.getId(), outputs: plain(response.getProperties()) };
  }

  async update(kind: Kind, id: string, olds: Bag, news: Bag): Promise<Bag> {
    const request = new messages.UpdateRequest();
    request.setId(id);
    request.setOlds(bag(kind, olds));
    request.setNews(bag(kind, news));
    return plain((await this.call<messages.UpdateResponse>("update", request)).getProperties());
  }

  async read(kind: Kind, id: string, outputs: Bag): Promise<{ id: string; outputs: Bag; inputs: Bag }> {
    const request = new messages.ReadRequest();
    request.setId(id);
    request.setProperties(bag(kind, outputs));
    const response = await this.call<messages.ReadResponse>("read", request);
    return { id: response.getId(), outputs: plain(response.getProperties()), inputs: plain(response.getInputs()) };
  }

  async delete(kind: Kind, id: string, outputs: Bag): Promise<void> {
    const request = new messages.DeleteRequest();
    request.setId(id);
    request.setProperties(bag(kind, outputs));
    await this.call("delete", request);
  }

  private call<T>(method: keyof ResourceProviderClient, request: unknown): Promise<T> {
    return new Promise((resolve, reject) => {
      const client = this.client as unknown as Record<string, Method<T>>;
      client[method]?.(request, (error, value) => {
        if (error === null) resolve(value);
        else reject(Object.assign(new Error(error.details), leftIn(error)));
      });
    });
  }
}

/** A method of the client, whose overloads the compiler cannot choose from by name. */
type Method<T> = (request: unknown, done: (error: grpc.ServiceError | null, value: T) => void) => void;

const root = join(__dirname, "../..");
const dynamicProvider = require.resolve("@pulumi/pulumi/cmd/dynamic-provider");

function bag(kind: Kind, properties: Bag): Struct {
  const whole = Object.keys(properties).length === 0 ? {} : { ...properties, __provider: providerOf(kind) };
  return Struct.fromJavaScript(whole);
}

function plain(properties: Struct | undefined): Bag {
  return properties?.toJavaScript() ?? {};
}

/** What the details of an error record (ErrorResourceInitFailed), if anything. */
function leftIn(error: grpc.ServiceError): Omit<CallError, "message"> {
  const [packed] = error.metadata.get("grpc-status-details-bin");
  const [detail] = packed === undefined ? [] : status.Status.deserializeBinary(packed as Buffer).getDetailsList();
  if (detail === undefined) return {};
  const failed = messages.ErrorResourceInitFailed.deserializeBinary(detail.getValue_asU8());
  return { left: { id: failed.getId(), properties: plain(failed.getProperties()), reasons: failed.getReasonsList() } };
}
