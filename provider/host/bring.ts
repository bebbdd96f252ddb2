import type { Bundle } from "./bundle";
import { deliver } from "./deliver";
import { SlipwayError } from "./errors";
import type { Greeting } from "./greeting";
import type { Privilege } from "./shell";
import { startAgent } from "./start";
import type { Channel, Transport } from "./transport";

/** How often files are sent: twice, because another client may tidy up between sending and starting. */
const deliveries = 2;

/** An agent that has greeted; what follows on the channel is HTTP/2. */
export interface Agent {
  readonly channel: Channel;
  readonly greeting: Greeting;
}

/** Starts the agent on a host, sending it first where it is missing. Rejects with a SlipwayError. */
export async function bringAgent(transport: Transport, privilege: Privilege, bundle: Bundle): Promise<Agent> {
  for (let delivered = 0; ; delivered += 1) {
    const started = await startAgent(transport, privilege, bundle);
    if (started.kind === "serving") return started;
    if (delivered === deliveries) {
      const names = started.need.missing.map(({ name }) => name).join(", ");
      throw new SlipwayError(
        "delivery_failed",
        `${names}: put in place on the host and verified, and gone again at once`,
      );
    }
    await deliver(transport, privilege, started.need);
  }
}
