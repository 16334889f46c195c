/**
 * Reports the length of every function that has a name, as a finding that is none. `check_style.ts` runs
 * the linter with this plugin alone and reads its output, which saves a parser of our own.
 *
 * @module
 */

const plugin: Deno.lint.Plugin = {
  name: "measure",
  rules: {
    "function-lines": {
      create(context) {
        const report = (node: Deno.lint.Node) => {
          const lines = context.sourceCode.getText(node).split("\n").length;
          context.report({ range: node.range, message: String(lines) });
        };
        const reportBlock = (node: { readonly body: unknown } & Deno.lint.Node) => {
          if (node.type === "ArrowFunctionExpression" && node.body.type !== "BlockStatement") {
            return;
          }
          report(node);
        };
        return {
          FunctionDeclaration: report,
          MethodDefinition: report,
          "VariableDeclarator > ArrowFunctionExpression": reportBlock,
          "VariableDeclarator > FunctionExpression": reportBlock,
          "Property > ArrowFunctionExpression": reportBlock,
          "Property > FunctionExpression": reportBlock,
        };
      },
    },
  },
};

export default plugin;
