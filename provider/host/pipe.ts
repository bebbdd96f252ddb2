import { Duplex, type Readable, type Writable } from "node:stream";

/** Chunks up to this many bytes together leave as one, because each becomes a packet of SSH and perhaps of TCP. */
const joinUpTo = 64 * 1024;

/** The two ends of a channel as the one stream that HTTP/2 wants, counting what arrives. */
export class Pipe extends Duplex {
  /** Bytes that came from the far side: the sign that it lives. Bytes written prove nothing, they may sit in a buffer. */
  received = 0;

  constructor(
    private readonly source: Readable,
    private readonly sink: Writable,
  ) {
    super();
    source.on("data", (chunk: Buffer) => {
      this.received += chunk.length;
      if (!this.push(chunk)) source.pause();
    });
    // Whoever asked for something is told by its own stream.
    this.on("error", () => undefined);
    // An end without an error would pass for the end of every answer that was under way.
    const broken = (): unknown => this.destroy(new Error("the agent hung up"));
    source.on("end", broken).on("close", broken).on("error", broken);
    sink.on("error", broken);
  }

  override _read(): void {
    this.source.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.sink.write(chunk, done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    const buffers = chunks.map(({ chunk }) => chunk);
    const size = buffers.reduce((sum, { length }) => sum + length, 0);
    if (size <= joinUpTo) return void this.sink.write(Buffer.concat(buffers), done);
    const last = buffers.pop();
    for (const buffer of buffers) this.sink.write(buffer);
    this.sink.write(last, done);
  }

  override _final(done: () => void): void {
    this.sink.end(done);
  }
}
