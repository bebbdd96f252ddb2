import type { AgentAuthMethod, ParsedKey, PublicKeyAuthMethod } from "ssh2";
import { reason, SlipwayError } from "./errors";
import { needsOpenssh } from "./failures";
import { fingerprint } from "./host-key";
import { readPrivateKey } from "./private-key";
import { type AgentKey, listAgentKeys, oneKeyAgent, parseAgentKey } from "./ssh-agent";

/** The keys to offer to a host, in order, and why others are not among them. */
export interface Offer {
  readonly keys: readonly OfferedKey[];
  /** Sentences for the person whose key was refused: keys that could not be used, and why. */
  readonly notes: readonly string[];
}

/** One attempt to log in. */
export interface OfferedKey {
  /** For people: type, fingerprint and where it comes from. */
  readonly label: string;
  readonly method: PublicKeyAuthMethod | AgentAuthMethod;
}

/** sshd hangs up after six refused keys (MaxAuthTries), and from 9.8 on bans addresses that make it do so. */
const mostKeys = 6;

/** A private key on disk. */
export interface IdentityFile {
  readonly path: string;
  readonly text: string;
  /** The public half, where it can be known without opening the key. */
  readonly blob: Buffer | undefined;
}

/** Collects keys one after the other, and for each that cannot be offered the reason. */
export class KeyOffer {
  private readonly keys: OfferedKey[] = [];
  private readonly notes: string[] = [];
  private readonly encrypted: string[] = [];
  private devices = 0;

  constructor(private readonly username: string) {}

  /** Keeps a sentence for the person whose key is refused. */
  note(sentence: string): void {
    this.notes.push(sentence);
  }

  /** The keys of an ssh-agent; none where nobody answers. */
  async agentKeys(socket: string): Promise<AgentKey[]> {
    try {
      return await listAgentKeys(socket);
    } catch (error) {
      // The Windows pipe is only guessed at, and a stale SSH_AUTH_SOCK is common: other keys may do.
      this.note(`The ssh-agent at ${socket} was not asked: ${reason(error)}.`);
      return [];
    }
  }

  /** Offers a key that an ssh-agent holds. */
  fromAgent(socket: string, key: AgentKey): void {
    const parsed = parseAgentKey(key);
    const label = `${key.type} ${fingerprint(key.blob)} (ssh-agent, ${key.comment})`;
    if (parsed) {
      this.offer(label, { type: "agent", username: this.username, agent: oneKeyAgent(socket, parsed) });
    } else {
      this.devices += 1;
      this.note(`${label} was not offered: that kind of key needs \`transport: "openssh"\`.`);
    }
  }

  /** Offers the key that the program gives as text. */
  secret(text: string, passphrase: string | undefined): void {
    const found = readPrivateKey(text, passphrase, "privateKey");
    if (found.kind === "usable") this.fromParsed(found.key, "privateKey");
    else if (found.kind === "encrypted") this.encrypted.push("privateKey");
    else if (found.kind === "device") throw needsOpenssh("privateKey belongs to a security key");
    else {
      const why = found.kind === "public" ? "it is a public key" : found.why;
      throw new SlipwayError("key_unreadable", `privateKey is not a private key that SSH can use: ${why}`);
    }
  }

  /** Offers the key of a file. One that the program itself names, `wanted`, has to be a private key. */
  fromFile({ path, text }: IdentityFile, passphrase: string | undefined, wanted: boolean): void {
    const unusable = (why: string): void => {
      if (wanted) throw new SlipwayError("key_unreadable", `identityFile ${path} ${why}`);
      this.note(`${path} ${why}.`);
    };
    const found = readPrivateKey(text, passphrase, path);
    if (found.kind === "usable") this.fromParsed(found.key, path);
    else if (found.kind === "encrypted") this.encrypted.push(path);
    else if (found.kind === "device") {
      this.devices += 1;
      this.note(`${path} belongs to a security key: that needs \`transport: "openssh"\`.`);
    } else if (found.kind === "public") unusable("is a public key, and no ssh-agent has the private one");
    else unusable(`is not a private key that SSH can use: ${found.why}`);
  }

  private fromParsed(key: ParsedKey, where: string): void {
    const label = `${key.type} ${fingerprint(key.getPublicSSH())} (${where})`;
    this.offer(label, { type: "publickey", username: this.username, key: key });
  }

  private offer(label: string, method: OfferedKey["method"]): void {
    this.keys.push({ label, method });
  }

  /** What there is to offer. Throws where there is nothing, saying why. */
  done(): Offer {
    for (const path of this.encrypted) this.note(`${path} is encrypted, and there was no passphrase for it.`);
    if (this.keys.length === 0) {
      if (this.encrypted.length > 0) {
        throw new SlipwayError("passphrase_missing", `${this.encrypted.join(", ")}: the key is encrypted`, {
          wayOut: "Give `passphrase` (a secret) with `privateKey` or `identityFile`, or add the key to your ssh-agent.",
        });
      }
      if (this.devices > 0) throw needsOpenssh("only keys of security devices or certificates are there to offer");
      throw new SlipwayError("key_refused", `there is no key to offer to the host as user ${this.username}`, {
        wayOut: [...this.notes, "Give `privateKey` or `identityFile`, or add a key to your ssh-agent."].join("\n"),
      });
    }
    const left = this.keys.length - mostKeys;
    if (left > 0)
      this.note(`${left} more keys were not offered, because sshd hangs up after six: name one with \`identityFile\`.`);
    return { keys: this.keys.slice(0, mostKeys), notes: this.notes };
  }
}
