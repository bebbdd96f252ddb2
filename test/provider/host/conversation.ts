/** A program that talks to a host and does not say goodbye: `tsx conversation.ts CONNECTION`, which is JSON. */
import { hostFacts } from "../../../provider/api";
import type { HostConnection } from "../../../provider/host/connection";
import { session } from "../../../provider/host/pool";

async function main(): Promise<void> {
  const connection = JSON.parse(process.argv[2] ?? "{}") as HostConnection;
  const open = await session({ name: "host", connection });
  const answer = await open.request("GET", "/v1/host", undefined, hostFacts);
  console.log(answer.hostId);
}

void main();
