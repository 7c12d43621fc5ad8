/**
 * Reads the part of YAML that our examples are written in: nested keys, plain values, lists in
 * brackets, comments. Anything else is refused.
 *
 * @module
 */

/** What stands at a key. */
export type YamlNode = string | readonly string[] | { readonly [key: string]: YamlNode };

interface Level {
  readonly indent: number;
  readonly node: Record<string, YamlNode>;
}

/**
 * Reads a document.
 *
 * @throws {SyntaxError} with the line that is not of this part of YAML
 */
export function parseYaml(text: string): YamlNode {
  const levels: Level[] = [{ indent: 0, node: {} }];
  /** The key that waits for what is nested below it. */
  let open: Record<string, YamlNode> | undefined;
  for (const [index, line] of text.split("\n").entries()) {
    const refuse = (why: string): SyntaxError => new SyntaxError(`line ${index + 1}: ${why}`);
    if (/^\s*(#.*)?$/.test(line)) continue;
    const [, spaces = "", key = "", value = ""] = /^( *)([\w./-]+):(?: (.*))?$/.exec(line) ?? [];
    if (key === "") throw refuse("is no key with a value");
    const indent = spaces.length;
    if (open !== undefined && indent > levels.at(-1)!.indent) levels.push({ indent, node: open });
    while (indent < levels.at(-1)!.indent) levels.pop();
    const { indent: wanted, node } = levels.at(-1)!;
    if (indent !== wanted) throw refuse("is not indented as its neighbours");
    if (Object.hasOwn(node, key)) throw refuse(`"${key}" stands there twice`);
    open = value === "" ? {} : undefined;
    node[key] = open ?? valueOf(value);
  }
  return levels[0]!.node;
}

function valueOf(text: string): YamlNode {
  const list = /^\[(.*)\]$/.exec(text)?.[1];
  return list === undefined ? text : list.split(",").map((each) => each.trim());
}
