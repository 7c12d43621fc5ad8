/**
 * Says by one tab what the compiler says by four spaces.
 *
 * @module
 */
import { loadTypescript } from "../runtimes.mjs";

const ts = loadTypescript();

/**
 * @param {string} code as the compiler writes it
 * @returns {string} the same, line by line, with tabs; the text of templates is as it was
 */
export function indentByTabs(code) {
  const file = ts.createSourceFile("any.ts", code, ts.ScriptTarget.ESNext);
  /** @type {[start: number, end: number][]} */
  const texts = [];
  /** @param {import("typescript").Node} node */
  const look = (node) => {
    const isText = ts.isLiteralExpression(node) || ts.isTemplateHead(node) ||
      ts.isTemplateMiddleOrTemplateTail(node);
    if (isText) texts.push([node.getStart(file), node.end]);
    ts.forEachChild(node, look);
  };
  look(file);
  return code.replace(/^(?: {4})+/gm, (spaces, /** @type {number} */ at) => {
    const isInText = texts.some(([start, end]) => start < at && at < end);
    return isInText ? spaces : "\t".repeat(spaces.length / 4);
  });
}
