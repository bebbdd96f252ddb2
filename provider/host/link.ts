import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { hostFacts, type HostFacts, protocol } from "../api";
import { bringAgent } from "./bring";
import { type Bundle, loadBundle } from "./bundle";
import type { HostConnection } from "./connection";
import { stepTimeout, within } from "./deadline";
import { isSlipwayError, SlipwayError } from "./errors";
import type { Greeting } from "./greeting";
import { exchange } from "./http";
import { connectLocal } from "./local";
import { watchLiveness } from "./liveness";
import { connectOpenssh } from "./openssh";
import { Pacer } from "./pacer";
import { Pipe } from "./pipe";
import { connectSsh2 } from "./ssh2";
import { describeExit } from "./start-errors";
import { lastLines } from "./stderr";
import type { Channel, Transport } from "./transport";

/** One open connection to the agent of a host. */
export interface Link {
  readonly http: ClientHttp2Session;
  readonly pacer: Pacer;
  readonly facts: HostFacts;
  /** Whether it can no longer be used. */
  broken(): boolean;
  /** Waits until it is known how a broken link ended, and says so. */
  whyBroken(): Promise<SlipwayError>;
  /** Whether the process stays alive for it; so it begins. */
  hold(held: boolean): void;
  close(): void;
}

const connectors = { ssh2: connectSsh2, openssh: connectOpenssh, local: connectLocal };

const firstAnswer = 30_000;

/** Connects, brings the agent where it is missing, starts it and greets it. Rejects with a SlipwayError; nothing stays. */
export async function openLink(connection: HostConnection): Promise<Link> {
  const bundle = await loadBundle();
  const transport = await connectors[connection.transport ?? "ssh2"](connection);
  try {
    const { channel, greeting } = await bringAgent(transport, connection.sudo === false ? "none" : "sudo", bundle);
    checkGreeting(greeting, bundle);
    return await speak(transport, channel);
  } catch (error) {
    transport.close();
    throw error;
  }
}

function checkGreeting(greeting: Greeting, bundle: Bundle): void {
  const ours = Object.values(bundle.files).map(([agent]) => `sha256:${agent.sha256}`);
  const expected = [`protocol ${protocol}`, ours.join(" or ")];
  const found = [`protocol ${greeting.protocol}`, greeting.digest];
  const wrong = greeting.protocol === protocol ? 1 : 0;
  if (wrong === 1 && ours.includes(greeting.digest)) return;
  throw new SlipwayError("protocol_mismatch", `the agent says it is ${found[wrong]}; expected ${expected[wrong]}`, {
    wayOut: "The installed package and its bundled agent are not of one version: install pulumi-slipway anew.",
  });
}

async function speak(transport: Transport, channel: Channel): Promise<Link> {
  const pipe = new Pipe(channel.stdout, channel.stdin);
  const http = connectHttp2("http://agent", {
    createConnection: () => pipe,
    // The pacer and the watch have their pings under way at the same time.
    maxOutstandingPings: 64,
    settings: { enablePush: false, initialWindowSize: 4 * 1024 * 1024 },
  });
  // A broken session also breaks its streams, and they say so.
  http.on("error", () => undefined);
  let cause: SlipwayError | undefined;
  let closing = false;
  const ended = channel.exit.then(
    (exit) =>
      new SlipwayError("connection_lost", `the agent ended (${describeExit(exit)})`, {
        wayOut: lastLines(channel.stderr(), 20) || undefined,
      }),
    (error: unknown) => (isSlipwayError(error) ? error : new SlipwayError("connection_lost", "the connection broke")),
  );
  void ended.then((error) => {
    cause ??= error;
    http.destroy(error);
    if (!closing) transport.close();
  });
  const close = (): void => {
    closing = true;
    http.destroy(cause ?? new SlipwayError("connection_lost", "the connection was closed"));
    channel.close();
    transport.close();
  };
  watchLiveness(http, pipe, () => {
    cause = new SlipwayError("connection_lost", "the host fell silent; no ping was answered for half a minute");
    close();
  });
  const call = { method: "GET", path: "/v1/host" } as const;
  const asked = exchange(http, call, undefined, hostFacts);
  const whyBroken = async (): Promise<SlipwayError> => {
    const late = () => new SlipwayError("connection_lost", "the connection broke");
    return cause ?? within(2_000, ended, late).catch(late);
  };
  const facts = await within(firstAnswer, asked, () =>
    stepTimeout("asking the agent about the host", firstAnswer),
  ).catch(async (error: unknown) => {
    throw http.destroyed ? await whyBroken() : error;
  });
  return {
    http,
    pacer: new Pacer(http),
    facts,
    broken: () => http.destroyed || http.closed,
    whyBroken,
    hold: (held) => (held ? transport.ref() : transport.unref()),
    close,
  };
}
