/**
 * Reads docstrings as Markdown: their words, what they say of parameters, defaults and errors, and
 * their examples; names of what is exported become links.
 *
 * @module
 */

/** @typedef {import("typescript").Node} Node */
/** @typedef {typeof import("typescript")} Typescript */
/** @typedef {ReadonlyMap<string, string>} Links where the name of each export leads */

/**
 * @param {string} text of a docstring
 * @param {Links} links
 * @returns {string} Markdown
 */
export function prose(text, links) {
  return text.trim()
    .replace(/\{@link(?:code|plain)?\s+([^}\s|]+)\s*(?:\|\s*)?([^}]*)\}/g, (_, name, words) => {
      const target = links.get(name);
      const label = words.trim() === "" ? `\`${name}\`` : words.trim();
      return target === undefined ? label : `[${label}](${target})`;
    });
}

/**
 * @param {Typescript} ts
 * @param {Node} node
 */
function jsDocOf(ts, node) {
  // A variable's docstring stands above its statement.
  const owner = ts.isVariableDeclaration(node) ? node.parent.parent : node;
  return ts.getJSDocCommentsAndTags(owner).filter(ts.isJSDoc).at(-1);
}

/**
 * @param {Typescript} ts
 * @param {Node} node
 * @param {Links} links
 * @param {{ readonly isShort?: boolean }} [how] short: the words alone
 * @returns {string} Markdown
 */
export function docsOf(ts, node, links, { isShort = false } = {}) {
  const doc = jsDocOf(ts, node);
  const words = prose(ts.getTextOfJSDocComment(doc?.comment) ?? "", links);
  if (isShort) return words;
  const list = tagsOf(ts, node, links).map((each) => `- ${each}`).join("\n");
  const examples = (doc?.tags ?? []).filter(({ tagName }) => tagName.text === "example")
    .map((tag) => exampleOf(tag))
    .map((text) => text.replace(/^(\S[^\n`]*)\n```/, "$1:\n\n```"));
  return [words, list, ...examples].filter((part) => part !== "").join("\n\n");
}

/**
 * @param {Typescript} ts
 * @param {Node} node
 * @param {Links} links
 * @returns {string[]} a sentence for each default, parameter and error
 */
export function tagsOf(ts, node, links) {
  return (jsDocOf(ts, node)?.tags ?? []).flatMap((tag) => {
    const text = prose(ts.getTextOfJSDocComment(tag.comment) ?? "", links)
      .replace(/\s*\n\s*/g, " ").replace(/^[-–]\s*/, "");
    const name = tag.tagName.text;
    if (name === "default") return [`Default: ${text.replace(/^\{(.*)\}$/, "`$1`")}.`];
    if (ts.isJSDocParameterTag(tag)) return [`\`${tag.name.getText()}\`: ${ended(text)}`];
    if (name === "returns") return text === "" ? [] : [`Returns ${ended(text)}`];
    if (name !== "throws" || !ts.isJSDocThrowsTag(tag)) return [];
    return [`Throws \`${tag.typeExpression?.type.getText() ?? "Error"}\` ${ended(text)}`];
  });
}

/**
 * As it is written: what the compiler makes of it has lost its margins.
 *
 * @param {import("typescript").JSDocTag} tag
 */
function exampleOf(tag) {
  const lines = tag.getSourceFile().text.slice(tag.pos, tag.end).split("\n");
  return lines.map((line) => line.replace(/^\s*\*( |$)/, "")).join("\n")
    .replace("@example", "").replace(/```[^`]*$/, "```").trim();
}

/** @param {string} text */
function ended(text) {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
