import { type Socket, connect } from "node:net";
import { type BaseAgent, createAgent, type ParsedKey, utils } from "ssh2";
import { typeOfBlob } from "./private-key";
import { sshString, WireReader } from "./wire";

/** A key that an ssh-agent holds. */
export interface AgentKey {
  /** The public half as SSH sends it. */
  readonly blob: Buffer;
  readonly type: string;
  readonly comment: string;
}

const answerTimeout = 5_000;

/** Message numbers of the protocol. */
export const requestIdentities = 11;
/** The answer to it. */
export const identitiesAnswer = 12;

/**
 * Asks an ssh-agent for its keys (the agent protocol, draft-ietf-sshm-ssh-agent). ssh2 has this too, but leaves out
 * the kinds it does not know, and then nobody can say why a key was not offered. Rejects where nobody answers.
 */
export async function listAgentKeys(path: string): Promise<AgentKey[]> {
  const socket = connect(path);
  try {
    return parseKeys(await ask(socket));
  } finally {
    socket.destroy();
  }
}

/** Sends SSH_AGENTC_REQUEST_IDENTITIES and resolves to the body of the answer. */
function ask(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let answer = Buffer.alloc(0);
    socket.setTimeout(answerTimeout, () => socket.destroy(new Error("the ssh-agent does not answer")));
    socket.on("connect", () => socket.write(sshString(Buffer.of(requestIdentities))));
    socket.on("data", (chunk: Buffer) => {
      answer = Buffer.concat([answer, chunk]);
      if (answer.length >= 4 && answer.length >= 4 + answer.readUInt32BE(0)) resolve(answer.subarray(4));
    });
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("the ssh-agent hung up")));
  });
}

/** SSH_AGENT_IDENTITIES_ANSWER: a number of keys, each with its comment. */
function parseKeys(body: Buffer): AgentKey[] {
  if (body[0] !== identitiesAnswer) return [];
  const reader = new WireReader(body, 1);
  const keys: AgentKey[] = [];
  for (let left = reader.uint32(); left > 0; left -= 1) {
    const blob = reader.string();
    const comment = reader.string().toString();
    if (blob.length === 0) break;
    keys.push({ blob, type: typeOfBlob(blob), comment });
  }
  return keys;
}

/** An agent that shows a single key of another. ssh2 would offer all, and sshd hangs up after six (MaxAuthTries). */
export function oneKeyAgent(path: string, key: ParsedKey): BaseAgent {
  const agent = createAgent(path);
  agent.getIdentities = (callback) => callback(undefined, [key]);
  return agent;
}

/** The public key of an agent's key, undefined for kinds that ssh2 does not know. */
export function parseAgentKey(key: AgentKey): ParsedKey | undefined {
  const parsed = utils.parseKey(key.blob);
  return parsed instanceof Error ? undefined : parsed;
}
