/**
 * Leaves of a package's declaration files what its doors reach: no compiler and no editor of a user
 * ever looks at the rest.
 *
 * @module
 */
import { posix } from "node:path";
import { loadTypescript } from "../runtimes.mjs";

/** @typedef {import("typescript").Node} Node */
/** @typedef {import("typescript").Statement} Statement */
/** @typedef {import("typescript").ImportSpecifier | import("typescript").ExportSpecifier} Specifier */

/**
 * @typedef {object} Declarations one file, and what of it is reached
 * @property {string} path
 * @property {import("typescript").SourceFile} file
 * @property {Set<Node>} reached statements, and the names that imports and re-exports bring
 */

const ts = loadTypescript();

/**
 * @param {ReadonlyMap<string, string>} texts all declaration files, by path
 * @param {readonly string[]} doors the paths of those that users import: of them all is kept
 * @returns {Map<string, string>} the files of which something is reached, with that
 * @throws {Error} when something cannot be followed
 */
export function keepReached(texts, doors) {
  const files = new Map(
    [...texts].map(([path, text]) => {
      const file = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true);
      return [path, { path, file, reached: new Set() }];
    }),
  );
  const walk = new Walk(files);
  for (const door of doors) walk.reachAll(door);
  return new Map(
    [...files.values()].filter(({ reached }) => reached.size > 0)
      .map((each) => [each.path, textOf(each)]),
  );
}

/** From the doors along every name that is mentioned, to where it is declared. */
class Walk {
  /** @type {ReadonlyMap<string, Declarations>} */
  #files;

  /** @param {ReadonlyMap<string, Declarations>} files */
  constructor(files) {
    this.#files = files;
  }

  /** @param {string} path a file of which everything is public */
  reachAll(path) {
    const from = this.#find(path);
    for (const statement of from.file.statements) {
      if (ts.isExportDeclaration(statement)) this.#reachExports(from, statement);
      else if (isExported(statement)) this.#reachStatement(from, statement);
    }
  }

  /**
   * @param {Declarations} from
   * @param {import("typescript").ExportDeclaration} statement
   * @param {string} [name] the one that is wanted, in place of all
   */
  #reachExports(from, statement, name) {
    const target = targetOf(from.path, statement);
    if (statement.exportClause === undefined) {
      from.reached.add(statement);
      if (target !== undefined) this.reachAll(target);
      return;
    }
    for (const specifier of specifiersOf(statement)) {
      if (name !== undefined && specifier.name.text !== name) continue;
      this.#reachSpecifier(from, statement, specifier);
    }
  }

  /**
   * @param {Declarations} from
   * @param {Statement} statement
   * @param {Specifier} specifier
   */
  #reachSpecifier(from, statement, specifier) {
    if (from.reached.has(specifier)) return;
    from.reached.add(statement).add(specifier);
    const name = (specifier.propertyName ?? specifier.name).text;
    const target = targetOf(from.path, statement);
    if (target !== undefined) this.#reachExport(this.#find(target), name);
    else if (ts.isExportDeclaration(statement) && !statement.moduleSpecifier) {
      this.#reachName(from, name);
    }
  }

  /**
   * @param {Declarations} from
   * @param {string} name as other files know it
   */
  #reachExport(from, name) {
    for (const statement of from.file.statements) {
      if (ts.isExportDeclaration(statement)) this.#reachExports(from, statement, name);
      else if (isExported(statement) && namesOf(statement).includes(name)) {
        this.#reachStatement(from, statement);
      }
    }
  }

  /**
   * Every statement that declares a name, or brings it from elsewhere. A name that nothing declares
   * is of the language, or of a parameter.
   *
   * @param {Declarations} from
   * @param {string} name as it is known inside of the file
   */
  #reachName(from, name) {
    for (const statement of from.file.statements) {
      if (ts.isExportDeclaration(statement)) continue;
      if (ts.isImportDeclaration(statement)) {
        const found = specifiersOf(statement).find((each) => each.name.text === name);
        if (found !== undefined) this.#reachSpecifier(from, statement, found);
      } else if (namesOf(statement).includes(name)) this.#reachStatement(from, statement);
    }
  }

  /**
   * @param {Declarations} from
   * @param {Statement} statement
   */
  #reachStatement(from, statement) {
    if (from.reached.has(statement)) return;
    from.reached.add(statement);
    for (const name of mentionsIn(statement)) this.#reachName(from, name);
  }

  /** @param {string} path */
  #find(path) {
    const found = this.#files.get(path);
    if (found === undefined) throw new Error(`"${path}" is imported, and was not built`);
    return found;
  }
}

/** @param {Statement} statement */
function isExported(statement) {
  return ts.canHaveModifiers(statement) &&
    ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true;
}

/**
 * @param {Statement} statement
 * @returns {string[]} what it declares
 */
function namesOf(statement) {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map(({ name }) => name.getText());
  }
  const isKnown = ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement) ||
    ts.isClassDeclaration(statement) || ts.isFunctionDeclaration(statement);
  if (isKnown && statement.name !== undefined) return [statement.name.text];
  throw unknown(statement);
}

/**
 * @param {import("typescript").ImportDeclaration | import("typescript").ExportDeclaration} statement
 * @returns {readonly Specifier[]} the names that it brings
 */
function specifiersOf(statement) {
  const clause = ts.isExportDeclaration(statement)
    ? statement.exportClause
    : statement.importClause?.namedBindings;
  const isDefault = ts.isImportDeclaration(statement) && statement.importClause?.name !== undefined;
  if (clause === undefined && ts.isExportDeclaration(statement)) return [];
  const isList = clause !== undefined && (ts.isNamedExports(clause) || ts.isNamedImports(clause));
  if (!isList || isDefault) throw unknown(statement);
  return [...clause.elements];
}

/**
 * @param {string} path
 * @param {Statement} statement
 * @returns {string | undefined} the file of the package that it brings names from
 */
function targetOf(path, statement) {
  const isFrom = ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement);
  const specifier = isFrom ? statement.moduleSpecifier : undefined;
  if (specifier === undefined || !ts.isStringLiteral(specifier)) return undefined;
  if (!specifier.text.startsWith(".")) return undefined;
  return posix.join(posix.dirname(path), specifier.text.replace(/\.[jt]s$/, ".d.ts"));
}

/**
 * @param {Statement} statement
 * @returns {Set<string>} the names that it refers to; some may be of its own members
 */
function mentionsIn(statement) {
  /** @type {Set<string>} */
  const names = new Set();
  /** @param {Node} node */
  const look = (node) => {
    if (ts.isImportTypeNode(node)) throw unknown(node);
    const isOwnName = "name" in node.parent && node.parent.name === node;
    if (ts.isIdentifier(node) && !isOwnName) names.add(node.text);
    ts.forEachChild(node, look);
  };
  ts.forEachChild(statement, look);
  return names;
}

/** @param {Declarations} declarations */
function textOf({ file, reached }) {
  const { text } = file;
  const head = (ts.getLeadingCommentRanges(text, 0) ?? [])
    .find(({ pos, end }) => text.slice(pos, end).includes("@module"))?.end ?? 0;
  const kept = file.statements.filter((each) => reached.has(each)).map((statement) => {
    const isBringing = ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement);
    const all = isBringing ? specifiersOf(statement) : [];
    const [pos, end] = [Math.max(statement.pos, head), statement.end];
    const [first, last] = [all[0], all.at(-1)];
    if (first === undefined || last === undefined || all.every((each) => reached.has(each))) {
      return text.slice(pos, end);
    }
    const names = all.filter((each) => reached.has(each)).map((each) => each.getText());
    return text.slice(pos, first.getStart()) + names.join(", ") + text.slice(last.end, end);
  });
  // Without it, all that a declaration file declares counts as exported.
  const isClosed = file.statements.some((each) =>
    ts.isExportDeclaration(each) && each.exportClause !== undefined && specifiersOf(each).length < 1
  );
  return `${text.slice(0, head)}${kept.join("")}${isClosed ? "\nexport {};" : ""}`.trim() + "\n";
}

/** @param {Node} node */
function unknown(node) {
  return new Error(`Cannot follow "${node.getText()}" of ${node.getSourceFile().fileName}`);
}
