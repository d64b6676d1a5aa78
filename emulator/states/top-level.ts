// Reads an expression's syntax tree for what Step Functions refuses at creation: without a context item, nothing may be read from one.

/** A node of JSONata's syntax tree; its members depend on its type, and its published types do not list them. */
type Node = Readonly<Record<string, unknown>>;

const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null && !Array.isArray(value);

/** All nodes below, whatever they belong to. */
function* below(value: unknown): Generator<Node> {
  if (Array.isArray(value)) for (const each of value) yield* below(each);
  else if (isNode(value)) {
    yield value;
    yield* below(Object.values(value));
  }
}

/** The parts of a node that see the same context item as the node itself. */
function sameContext(node: Node): readonly unknown[] {
  switch (node["type"]) {
    case "path":
      return (node["steps"] as readonly unknown[]).slice(0, 1);
    case "block":
      return [node["expressions"]];
    case "unary":
      return [node["expressions"], node["expression"], node["lhs"]];
    case "binary":
    case "apply":
      return [node["lhs"], node["rhs"]];
    case "bind":
      return [node["rhs"]];
    case "condition":
      return [node["condition"], node["then"], node["else"]];
    case "function":
    case "partial":
      return [node["procedure"], node["arguments"]];
    case "lambda":
      return [node["body"]];
    default:
      return [];
  }
}

function* topLevel(value: unknown): Generator<Node> {
  if (Array.isArray(value)) for (const each of value) yield* topLevel(each);
  else if (isNode(value)) {
    yield value;
    yield* topLevel(sameContext(value));
  }
}

const isVariable = (node: Node, name: string): boolean => node["type"] === "variable" && node["value"] === name;

/** Why AWS would not take the expression with this syntax tree; undefined where it would. */
export function unsupportedReference(ast: unknown): string | undefined {
  for (const node of below(ast)) if (isVariable(node, "$")) return "Reference to '$$' is not supported.";
  for (const node of topLevel(ast)) {
    if (node["type"] === "name") return `Reference to '${String(node["value"])}' at the top level is not supported.`;
    if (isVariable(node, "")) return "Reference to '$' at the top level is not supported.";
  }
  return undefined;
}

/** Whether the expression makes functions, without which it cannot repeat itself. */
export function makesFunctions(ast: unknown): boolean {
  for (const node of below(ast)) if (node["type"] === "lambda") return true;
  return false;
}
