/** What the command line says to a benchmark. */
export interface Options {
  /** Samples per contestant; absent: what the benchmark was made for. */
  runs?: number;
  /** Whether it runs in the virtual machine of test/vm. */
  guest?: boolean;
}
