const tseslint = require("typescript-eslint");

module.exports = tseslint.config(
  {
    ignores: ["dist/", ".tools/", ".state/", "test/pack/projects/", "examples/*/{update,replace,fail}/"],
  },
  {
    files: ["**/*.ts", "**/*.mts"],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/explicit-module-boundary-types": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      eqeqeq: "error",
      // Numbers in text are what they look like.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // `(line) => lines.push(line)` and `void work()` confuse nobody.
      "@typescript-eslint/no-confusing-void-expression": "off",
      "@typescript-eslint/no-meaningless-void-operator": "off",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
    },
  },
  {
    // A hook that cleans up cannot know how far the one that set up came.
    files: ["test/**/*.test.ts"],
    rules: { "@typescript-eslint/no-unnecessary-condition": "off" },
  },
);
