import { pack } from "tar-stream";

/** An entry of an archive, as tar-stream takes it, with its content. */
export type Entry = Parameters<ReturnType<typeof pack>["entry"]>[0] & { content?: string };

/** An archive of entries. */
export async function archive(...entries: Entry[]): Promise<Buffer> {
  const packed = pack();
  for (const { content, ...header } of entries) packed.entry({ mtime: new Date(1e12), ...header }, content ?? "");
  packed.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of packed) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
