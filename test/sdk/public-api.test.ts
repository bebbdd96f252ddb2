import { join } from "node:path";
import ts from "typescript";
import { expect, it } from "vitest";

const root = join(__dirname, "../..");
const config = ts.getParsedCommandLineOfConfigFile(
  join(root, "tsconfig.json"),
  {},
  { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined },
);
const program = ts.createProgram({
  rootNames: [join(__dirname, "types.ts")],
  options: { ...config?.options, noEmit: true },
});
const checker = program.getTypeChecker();

it("takes what programs write, and refuses what they must not", () => {
  const source = program.getSourceFile(join(__dirname, "types.ts"));
  const found = ts.getPreEmitDiagnostics(program, source);
  expect(
    ts.formatDiagnostics(found, {
      getCanonicalFileName: (name) => name,
      getCurrentDirectory: () => root,
      getNewLine: () => "\n",
    }),
  ).toBe("");
});

it("documents everything that it exports", () => {
  const index = program.getSourceFile(join(root, "sdk/index.ts"));
  const module = index === undefined ? undefined : checker.getSymbolAtLocation(index);
  if (module === undefined) throw new Error("sdk/index.ts exports nothing");
  const undocumented: string[] = [];
  for (const exported of checker.getExportsOfModule(module)) {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    for (const [name, member] of membersOf(symbol)) {
      if (ts.displayPartsToString(member.getDocumentationComment(checker)) === "") undocumented.push(name);
    }
  }
  expect(undocumented).toEqual([]);
});

/** Every argument says what happens without it; every one of a required thing says that it is. */
it("says of every argument what its default is", () => {
  const silent: string[] = [];
  for (const file of ["connection", "host", "layer", "image", "cgroup", "container", "functions/stats"]) {
    const source = program.getSourceFile(join(root, `sdk/${file}.ts`));
    source?.forEachChild((node) => {
      if (!ts.isInterfaceDeclaration(node) || !/(Args|Options)$/.test(node.name.text)) return;
      for (const member of node.members) {
        const symbol = member.name === undefined ? undefined : checker.getSymbolAtLocation(member.name);
        const text = symbol === undefined ? "" : ts.displayPartsToString(symbol.getDocumentationComment(checker));
        const optional = ts.isPropertySignature(member) && member.questionToken !== undefined;
        const source = /^(rootfs|directory|files|layers|reference)$/.test(symbol?.name ?? "");
        if (!(optional && !source ? /Default: / : /Required|program's folder|absolute path they get/).test(text))
          silent.push(`${node.name.text}.${symbol?.name ?? "?"}`);
      }
    });
  }
  expect(silent).toEqual([]);
});

/** A symbol, and what it declares itself; what Pulumi's classes bring along is theirs to document. */
function membersOf(symbol: ts.Symbol): [string, ts.Symbol][] {
  const members = [...(symbol.members ?? []), ...(symbol.exports ?? [])].filter(
    ([name]) => !/^(prototype|__(constructor|index))$/.test(String(name)),
  );
  return [
    [symbol.name, symbol],
    ...members.map(([name, member]): [string, ts.Symbol] => [`${symbol.name}.${String(name)}`, member]),
  ];
}
