import { rmSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ParsedKey } from "ssh2";
import { type KeyAgent, serveKey } from "./key-agent";

/** A folder only this user may enter, made at the first need. */
export class PrivateFolder {
  private path: Promise<string> | undefined;
  private made: string | undefined;
  private agent: KeyAgent | undefined;

  private make(): Promise<string> {
    // A socket's path has at most about 100 bytes, so the name is short.
    return (this.path ??= mkdtemp(join(tmpdir(), "slip-")).then((path) => (this.made = path)));
  }

  /** Writes a file only this user may read, and resolves to its path. */
  async write(name: string, text: string): Promise<string> {
    const file = join(await this.make(), name);
    await writeFile(file, text, { mode: 0o600 });
    return file;
  }

  /** Serves a key to ssh on a socket in the folder. */
  async serve(key: ParsedKey): Promise<KeyAgent> {
    return (this.agent = await serveKey(await this.make(), key));
  }

  /** Ends all of it. Synchronous, since it also runs while the process ends. */
  remove(): void {
    this.agent?.close();
    if (this.made !== undefined) rmSync(this.made, { recursive: true, force: true });
  }
}
