/** The few kinds of value that keys and the ssh-agent protocol are made of (RFC 4251, section 5). */

/** A string: its length in four bytes, then its bytes. */
export function sshString(value: string | Buffer): Buffer {
  const bytes = typeof value === "string" ? Buffer.from(value) : value;
  return Buffer.concat([uint32(bytes.length), bytes]);
}

/** An unsigned number in four bytes. */
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A positive number of any size, given without sign: no leading zeros but the one that keeps it positive. */
export function mpint(magnitude: Buffer): Buffer {
  let start = 0;
  while (start < magnitude.length - 1 && magnitude[start] === 0) start += 1;
  const digits = magnitude.subarray(start);
  return sshString((digits[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.alloc(1), digits]) : digits);
}

/** Reads such values one after the other. What is cut off reads as 0 or empty, so that nothing has to be trusted. */
export class WireReader {
  constructor(
    private readonly bytes: Buffer,
    private at = 0,
  ) {}

  /** The next number. */
  uint32(): number {
    this.at += 4;
    return this.at <= this.bytes.length ? this.bytes.readUInt32BE(this.at - 4) : 0;
  }

  /** The bytes of the next string. */
  string(): Buffer {
    const length = this.uint32();
    if (this.at + length > this.bytes.length) return Buffer.alloc(0);
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
}
