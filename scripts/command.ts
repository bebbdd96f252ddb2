import { spawn } from "node:child_process";

/** How a command is run. */
export interface CommandOptions {
  readonly cwd?: string;
  /** The whole environment; default this process's. */
  readonly env?: NodeJS.ProcessEnv;
  /** Gets each line as it is printed, standard output and error alike. */
  readonly onLine?: (line: string) => void;
  /** Ends the command. */
  readonly signal?: AbortSignal;
}

/** Runs a command to its end and answers what it printed to standard output. Error: the command and its last 30 lines. */
export async function command(file: string, words: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { onLine, ...given } = options;
  const child = spawn(file, words, { ...given, stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    let rest = "";
    stream.setEncoding("utf8").on("data", (text: string) => {
      if (stream === child.stdout) stdout += text;
      const parts = (rest + text).split("\n");
      rest = parts.pop() ?? "";
      for (const line of parts) {
        lines.push(line);
        if (lines.length > 30) lines.shift();
        onLine?.(line);
      }
    });
    stream.on("end", () => rest && lines.push(rest));
  }
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0) resolve(stdout);
      else reject(new Error(`${file} ${words.join(" ")}: ended with ${code ?? signal}\n${lines.join("\n")}`));
    });
  });
}
