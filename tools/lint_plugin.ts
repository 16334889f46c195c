/**
 * The project's own rules for `deno lint`, configured in `deno.json` under `lint.plugins`.
 *
 * A rule is disabled by the linter's own comment, which must give a reason: `//
 * deno-lint-ignore-file gallimimus/file-length -- a table of 600 test vectors`.
 *
 * @module
 */

import { type Reach, roomOf } from "./rooms.ts";

/** Lines of a function, from its signature to its closing brace. */
export const maxFunctionLines = 60;
/** Lines of a file. */
export const maxFileLines = 500;
/** Parameters of a function. A function that needs more takes an options object. */
export const maxParameters = 3;

type Rule = Deno.lint.Rule;
type Node = Deno.lint.Node;

const plugin: Deno.lint.Plugin = {
  name: "gallimimus",
  rules: {
    "no-leaking-race": noLeakingRace(),
    "pure-room": pureRoom(),
    "linear-end": linearEnd(),
    "hash-private": hashPrivate(),
    "function-length": functionLength(),
    "parameter-count": parameterCount(),
    "file-length": fileLength(),
    "no-as-any": noAsAny(),
    "ignore-reason": ignoreReason(),
  },
};

export default plugin;

/** A race leaves a reaction on each promise that did not win, until that one settles. */
function noLeakingRace(): Rule {
  const leaking = new Set(["Promise.race", "AbortSignal.any"]);
  return {
    create: (context) => ({
      MemberExpression(node) {
        const name = memberName(node);
        if (name === undefined || !leaking.has(name)) return;
        context.report({
          node,
          message: `${name} keeps what it waited for alive`,
          hint: "Wait with select from base/select.ts.",
        });
      },
    }),
  };
}

/** Time and randomness, which only `app` may access. */
const impureMembers = new Set([
  "Date.now",
  "Math.random",
  "performance.now",
  "crypto.getRandomValues",
  "crypto.randomUUID",
]);

/** Globals with effects, each with what a room must be allowed to touch to use it. */
const impureGlobals: ReadonlyMap<string, Reach> = new Map([
  ["setTimeout", "timers"],
  ["setInterval", "timers"],
  ["setImmediate", "timers"],
  ["WebSocket", "sockets"],
  ["Deno", "everything"],
  ["process", "everything"],
  ["console", "everything"],
  ["fetch", "everything"],
  ["globalThis", "everything"],
  ["Worker", "everything"],
  ["BroadcastChannel", "everything"],
]);

/** Time, randomness, logs and I/O are parameters in every room but `app`. */
function pureRoom(): Rule {
  return {
    create(context) {
      const room = roomOf(context.filename);
      if (room === undefined || room.touches.includes("everything")) return {};
      const forbid = (node: Node, name: string) =>
        context.report({
          node,
          message: `${name} in room ${room.name}, which may touch ${
            room.touches.join(", ") || "nothing"
          }`,
          hint: "Take it as an argument: Clock, Random, Log or a port of the room's own.",
        });
      return {
        MemberExpression(node) {
          const name = memberName(node);
          if (name !== undefined && impureMembers.has(name)) forbid(node, name);
        },
        NewExpression(node) {
          if (isNamed(node.callee, "Date") && node.arguments.length === 0) {
            forbid(node, "new Date()");
          }
        },
        CallExpression(node) {
          if (isNamed(node.callee, "Date")) forbid(node, "Date()");
        },
        Identifier(node) {
          const reach = impureGlobals.get(node.name);
          if (reach === undefined || room.touches.includes(reach)) return;
          if (isReference(node)) forbid(node, node.name);
        },
      };
    },
  };
}

/**
 * A pattern such as `/a+$/` is tried from each `a` on, and each time up to where the run ends. Of 200,000 of them
 * that takes minutes, and texts of peers have as many.
 */
function linearEnd(): Rule {
  return {
    create(context) {
      const room = roomOf(context.filename);
      if (room === undefined || room.touches.includes("everything")) return {};
      return {
        Literal(node) {
          const pattern = "regex" in node ? node.regex?.pattern : undefined;
          if (pattern === undefined || !alternativesOf(pattern).some(isEndedRun)) return;
          context.report({
            node,
            message: "a run at the end of a text is looked for from each of its characters on",
            hint: "Use trimmedEnd from base/trim.ts, or begin the pattern with ^.",
          });
        },
      };
    },
  };
}

function isEndedRun(pattern: string): boolean {
  return !pattern.startsWith("^") && /[^\\.][+*]\)*\$$/.test(pattern);
}

/** What stands between the `|` of a pattern that are in no group and no class. */
function alternativesOf(pattern: string): readonly string[] {
  const found = [""];
  let depth = 0;
  let isClass = false;
  for (const [piece] of pattern.matchAll(/\\?./gsu)) {
    if (isClass) isClass = piece !== "]";
    else if (piece === "[") isClass = true;
    else if (piece === "(") depth++;
    else if (piece === ")") depth--;
    if (piece === "|" && depth === 0 && !isClass) found.push("");
    else found.push(found.pop()! + piece);
  }
  return found;
}

/** `#x` is private at run time too. */
function hashPrivate(): Rule {
  return {
    create(context) {
      const check = ({ range }: { readonly range: Deno.lint.Range }) => {
        const text = context.sourceCode.text.slice(...range);
        const keyword = /^(?:(?:static|abstract|override|readonly)\s+)*(private|protected)\b/
          .exec(text)?.[1];
        if (keyword === undefined) return;
        context.report({
          range,
          message: `${keyword} is a promise of the type checker only`,
          hint: "Write #name.",
        });
      };
      return {
        PropertyDefinition: check,
        MethodDefinition: check,
        TSParameterProperty: check,
        TSAbstractPropertyDefinition: check,
        TSAbstractMethodDefinition: check,
      };
    },
  };
}

function functionLength(): Rule {
  return {
    create: (context) =>
      onFunctions(context, (node) => {
        const lines = lineCount(context.sourceCode.getText(node));
        if (lines <= maxFunctionLines) return;
        context.report({
          node,
          message: `function of ${lines} lines; the limit is ${maxFunctionLines}`,
        });
      }),
  };
}

function parameterCount(): Rule {
  return {
    create: (context) =>
      onFunctions(context, (node) => {
        const count = node.params.filter((parameter) => !isNamed(parameter, "this")).length;
        if (count <= maxParameters) return;
        context.report({
          node,
          message: `${count} parameters; the limit is ${maxParameters}`,
          hint: "Take an options object.",
        });
      }),
  };
}

function fileLength(): Rule {
  return {
    create: (context) => ({
      Program() {
        const lines = lineCount(context.sourceCode.text.trimEnd());
        if (isTest(context.filename) || lines <= maxFileLines) return;
        context.report({
          range: [0, 0],
          message: `file of ${lines} lines; the limit is ${maxFileLines}`,
          hint: "A table says so: // deno-lint-ignore-file gallimimus/file-length -- what it lists",
        });
      },
    }),
  };
}

function noAsAny(): Rule {
  return {
    create(context) {
      const check = (node: Deno.lint.TSAsExpression | Deno.lint.TSTypeAssertion) => {
        if (node.typeAnnotation.type !== "TSAnyKeyword") return;
        context.report({ node, message: "a cast to any turns the type checker off" });
      };
      return { TSAsExpression: check, TSTypeAssertion: check };
    },
  };
}

/** A disabled rule needs a reason. */
function ignoreReason(): Rule {
  const directive = /^\s*deno-lint-ignore(?:-file)?\b/;
  return {
    create: (context) => ({
      Program() {
        for (const comment of context.sourceCode.getAllComments()) {
          if (!directive.test(comment.value) || /\s--\s+\S/.test(comment.value)) continue;
          context.report({
            range: comment.range,
            message: "a rule is switched off without a reason",
            hint: "Add it behind two dashes: deno-lint-ignore rule -- reason",
          });
        }
      },
    }),
  };
}

type FunctionNode =
  | Deno.lint.FunctionDeclaration
  | Deno.lint.FunctionExpression
  | Deno.lint.ArrowFunctionExpression;

/** Visits every function outside tests, where one function may contain a whole suite. */
function onFunctions(
  context: Deno.lint.RuleContext,
  check: (node: FunctionNode) => void,
): Deno.lint.LintVisitor {
  if (isTest(context.filename)) return {};
  return { FunctionDeclaration: check, FunctionExpression: check, ArrowFunctionExpression: check };
}

function isTest(filename: string): boolean {
  return /[\\/](?:tests|bench)[\\/]/.test(filename) || /^(?:tests|bench)[\\/]/.test(filename);
}

function lineCount(text: string): number {
  return text.split("\n").length;
}

/** `Promise.race` for the expression of that form, and for `Promise["race"]`. */
function memberName(node: Deno.lint.MemberExpression): string | undefined {
  if (node.object.type !== "Identifier") return undefined;
  const { property } = node;
  if (!node.computed && property.type === "Identifier") {
    return `${node.object.name}.${property.name}`;
  }
  if (property.type === "Literal") return `${node.object.name}.${property.value}`;
  return undefined;
}

function isNamed(node: Node | Deno.lint.Parameter, name: string): boolean {
  return node.type === "Identifier" && node.name === name;
}

/** Whether an identifier refers to a value, not to a member, a key or a type. */
function isReference(node: Deno.lint.Identifier): boolean {
  const parent: Node = node.parent;
  if (parent.type.startsWith("TS")) return false;
  if (parent.type === "MemberExpression") return parent.object === node || parent.computed;
  const key = "key" in parent ? parent.key : undefined;
  return key !== node;
}
