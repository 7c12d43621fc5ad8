/**
 * Leaves out the methods and accessors of classes that nothing in a program mentions: bundlers leave
 * out unused functions and whole classes, but not parts of these.
 *
 * @module
 */
import { loadTypescript } from "../runtimes.mjs";

/** @typedef {import("typescript").Node} Node */

/**
 * @typedef {object} Member
 * @property {Node} node
 * @property {string} name
 * @property {ReadonlySet<string>} mentions the names in it
 */

const ts = loadTypescript();

/**
 * @param {string} code a whole program: what it does not mention, nobody does
 * @param {ReadonlySet<string>} internal names that nobody else can know: others are left alone
 * @returns {string} the same without what is not used
 */
export function withoutUnusedMembers(code, internal) {
  const file = ts.createSourceFile("all.js", code, ts.ScriptTarget.ES2022, true, ts.ScriptKind.JS);
  /** @type {Member[]} */
  const members = [];
  const isRemovable = (/** @type {string} */ name) => name.startsWith("#") || internal.has(name);
  const mentioned = mentionsIn(file, (node, name) => {
    if (isRemovable(name)) members.push({ node, name, mentions: mentionsIn(node) });
    return isRemovable(name);
  });
  const unused = membersWithout(members, mentioned).reverse();
  return unused.reduce((text, { node }) => text.slice(0, node.pos) + text.slice(node.end), code);
}

/**
 * The names that are mentioned in a part of a program: whatever they stand for there.
 *
 * @param {Node} part
 * @param {(node: Node, name: string) => boolean} isApart whether a member is looked at by itself
 * @returns {Set<string>}
 */
function mentionsIn(part, isApart = () => false) {
  /** @type {Set<string>} */
  const names = new Set();
  /** @param {Node} node */
  const look = (node) => {
    const name = node === part ? undefined : memberName(node);
    if (name !== undefined && isApart(node, name)) return;
    const isName = ts.isIdentifier(node) || ts.isPrivateIdentifier(node);
    const isOwnName = node.parent === part && memberName(part) === node.getText();
    if ((isName || ts.isStringLiteralLike(node)) && !isOwnName) names.add(node.text);
    ts.forEachChild(node, look);
  };
  look(part);
  return names;
}

/**
 * @param {Node} node
 * @returns {string | undefined} what a method or an accessor of a class is called
 */
function memberName(node) {
  const isMember = ts.isMethodDeclaration(node) || ts.isAccessor(node);
  if (!isMember || !ts.isClassLike(node.parent)) return undefined;
  const { name } = node;
  return ts.isIdentifier(name) || ts.isPrivateIdentifier(name) ? name.text : undefined;
}

/**
 * @param {readonly Member[]} members
 * @param {Iterable<string>} roots the names that are mentioned outside of them
 * @returns {Member[]} those that cannot be reached from there
 */
function membersWithout(members, roots) {
  const reached = new Set(roots);
  let left = [...members];
  for (;;) {
    const found = left.filter(({ name }) => reached.has(name));
    if (found.length === 0) return left;
    for (const { mentions } of found) for (const name of mentions) reached.add(name);
    left = left.filter((member) => !found.includes(member));
  }
}
