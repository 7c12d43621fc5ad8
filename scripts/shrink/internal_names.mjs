/**
 * Finds the names of properties that nobody outside of a program can know, so that they may be
 * shortened: those that its own sources declare, and that occur nowhere else.
 *
 * A name is left alone if anything speaks against it: a type that a door shows, any property of a
 * library, any string that spells it, a capital at its head (what is written to a service), or an
 * object that leaves what the types can see: cast, or given to what takes anything. What is only
 * written in types, or in sources that are not in the program, does nothing when it runs.
 *
 * @module
 */
import { join, sep } from "node:path";
import { loadTypescript } from "../runtimes.mjs";

/** @typedef {import("typescript").Node} Node */
/** @typedef {import("typescript").Type} Type */
/** @typedef {import("typescript").Signature} Signature */

/**
 * @typedef {object} Sources
 * @property {string} folder where the program's own sources are
 * @property {readonly string[]} doors files whose exports others use
 * @property {string} config the tsconfig.json that they are compiled by
 * @property {ReadonlySet<string>} [bundled] of the sources, those whose code is in the program: all
 */

const ts = loadTypescript();

const ANYTHING = ts.TypeFlags.Any | ts.TypeFlags.Unknown;

/**
 * @param {Sources} sources
 * @returns {ReadonlySet<string>}
 */
export function findInternalNames(sources) {
  const finder = new NameFinder(sources);
  finder.find();
  return finder.internal;
}

class NameFinder {
  #declared = new Set();
  #known = new Set();
  #walked = new Set();
  /** @type {Map<Type, Set<Type>>} */
  #given = new Map();
  /** @type {readonly string[]} */
  #doors;
  /** @type {ReadonlySet<string> | undefined} */
  #bundled;
  /** @type {string} */
  #folder;
  /** @type {import("typescript").Program} */
  #program;
  /** @type {import("typescript").TypeChecker} */
  #checker;

  /** @param {Sources} sources */
  constructor({ folder, doors, config, bundled }) {
    const { options } = ts.getParsedCommandLineOfConfigFile(config, { noEmit: true }, {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic: ({ messageText }) => {
        throw new Error(ts.flattenDiagnosticMessageText(messageText, "\n"));
      },
    }) ?? { options: {} };
    this.#doors = doors;
    this.#bundled = bundled;
    this.#folder = join(folder, sep);
    this.#program = ts.createProgram([...doors], options);
    this.#checker = this.#program.getTypeChecker();
  }

  /** @returns {ReadonlySet<string>} */
  get internal() {
    const isInternal = (/** @type {string} */ name) =>
      !this.#known.has(name) && /^[a-z]./.test(name);
    return new Set([...this.#declared].filter(isInternal));
  }

  find() {
    for (const file of this.#program.getSourceFiles()) {
      const isOwn = this.#isOwn(file);
      if (isOwn) visit(file, (node) => this.#declare(node));
      const isBundled = this.#bundled?.has(join(file.fileName)) ?? true;
      const look = isOwn ? this.#lookAtOwn : this.#lookAtForeign;
      if (isBundled || !isOwn) visit(file, (node) => look.call(this, node));
    }
    for (const door of this.#doors) this.#showDoor(door);
  }

  /** @param {Node | undefined} node */
  #isOwn(node) {
    return node !== undefined && join(node.getSourceFile().fileName).startsWith(this.#folder);
  }

  /** @param {Node} node */
  #lookAtForeign(node) {
    const name = /** @type {import("typescript").NamedDeclaration} */ (node).name;
    if (name !== undefined && (ts.isIdentifier(name) || ts.isStringLiteral(name))) {
      this.#known.add(name.text);
    }
  }

  /** @param {Node} node */
  #declare(node) {
    if (isMember(node) && node.name !== undefined && ts.isIdentifier(node.name)) {
      this.#declared.add(node.name.text);
    }
  }

  /** @param {Node} node */
  #lookAtOwn(node) {
    if (ts.isStringLiteralLike(node) && !ts.isLiteralTypeNode(node.parent)) this.#spell(node.text);
    if (ts.isAsExpression(node) || ts.isTypePredicateNode(node)) {
      if (node.type !== undefined) this.#show(this.#checker.getTypeFromTypeNode(node.type));
    }
    if (ts.isVariableDeclaration(node) && isAmbient(node)) {
      this.#show(this.#checker.getTypeAtLocation(node));
    }
    if (ts.isExpression(node)) this.#lookAtExpression(node);
  }

  /** @param {import("typescript").Expression} node */
  #lookAtExpression(node) {
    if (ts.isPropertyAccessExpression(node) && this.#isAnything(node.expression)) {
      this.#known.add(node.name.text);
    }
    const wanted = this.#checker.getContextualType(node);
    if (wanted === undefined) return;
    if (this.#isAnything(node)) this.#show(wanted);
    else if (!isTakenApart(node)) this.#give(this.#checker.getTypeAtLocation(node), wanted);
  }

  /**
   * @param {Type} given
   * @param {Type} wanted where it is given: what takes any name there gets to know those in `given`
   */
  #give(given, wanted) {
    if (given === wanted || this.#given.get(given)?.has(wanted) === true) return;
    this.#given.set(given, (this.#given.get(given) ?? new Set()).add(wanted));
    if (this.#takesAnything(wanted)) return this.#show(given);
    if (wanted.isUnion()) { for (const part of wanted.types) this.#give(given, part); }
    if (given.isUnion()) { for (const part of given.types) this.#give(part, wanted); }
    const wantedArguments = this.#argumentsOf(wanted);
    for (const [index, argument] of this.#argumentsOf(given).entries()) {
      const other = wantedArguments[index];
      if (other !== undefined) this.#give(argument, other);
    }
    const [result, wantedResult] = [given, wanted].map((type) =>
      type.getCallSignatures()[0]?.getReturnType()
    );
    if (result !== undefined && wantedResult !== undefined) this.#give(result, wantedResult);
    for (const property of wanted.getProperties()) this.#giveProperty(given, property);
  }

  /**
   * @param {Type} given
   * @param {import("typescript").Symbol} wanted
   */
  #giveProperty(given, wanted) {
    const property = given.getProperty(wanted.name);
    if (property === undefined || !this.#isOwn(property.declarations?.[0])) return;
    this.#give(this.#checker.getTypeOfSymbol(property), this.#checker.getTypeOfSymbol(wanted));
  }

  /** @param {Node} node */
  #isAnything(node) {
    return (this.#checker.getTypeAtLocation(node).flags & ANYTHING) !== 0;
  }

  /** @param {Type} type what is wanted where something is given */
  #takesAnything(type) {
    const isOpen = (/** @type {Type} */ part) =>
      (part.flags & (ANYTHING | ts.TypeFlags.NonPrimitive)) !== 0 ||
      this.#isIndexed(part) || this.#isEmpty(part);
    return type.isUnion() ? type.types.some(isOpen) : isOpen(type);
  }

  /** @param {Type} type */
  #isIndexed(type) {
    const infos = this.#checker.getIndexInfosOfType(type);
    return infos.some(({ keyType }) => (keyType.flags & ts.TypeFlags.Number) === 0);
  }

  /** @param {Type} type */
  #isEmpty(type) {
    return (type.flags & ts.TypeFlags.Object) !== 0 && type.getProperties().length === 0 &&
      type.getCallSignatures().length === 0;
  }

  /** @param {string} text keys may be listed in one string */
  #spell(text) {
    this.#known.add(text);
    if (/^\w+([ ,]+\w+)*$/.test(text)) {
      for (const word of text.split(/[ ,]+/)) this.#known.add(word);
    }
  }

  /** @param {string} door */
  #showDoor(door) {
    const file = this.#program.getSourceFile(door);
    const symbol = file && this.#checker.getSymbolAtLocation(file);
    if (symbol === undefined) throw new Error(`Nothing is exported by ${door}`);
    for (const exported of this.#checker.getExportsOfModule(symbol)) {
      const isAlias = (exported.flags & ts.SymbolFlags.Alias) !== 0;
      const shown = isAlias ? this.#checker.getAliasedSymbol(exported) : exported;
      this.#show(this.#checker.getDeclaredTypeOfSymbol(shown));
      if ((shown.flags & ts.SymbolFlags.Value) !== 0) {
        this.#show(this.#checker.getTypeOfSymbol(shown));
      }
    }
  }

  /** @param {Type | undefined} type one that others see: all that can be reached from it is known */
  #show(type) {
    if (type === undefined || this.#walked.has(type)) return;
    this.#walked.add(type);
    if (type.isUnionOrIntersection()) { for (const part of type.types) this.#show(part); }
    for (const argument of this.#argumentsOf(type)) this.#show(argument);
    this.#show(type.getConstraint());
    for (const { type: value } of this.#checker.getIndexInfosOfType(type)) this.#show(value);
    for (const signature of [...type.getCallSignatures(), ...type.getConstructSignatures()]) {
      this.#showSignature(signature);
    }
    const isForeign = type.isClassOrInterface() && !this.#isOwn(type.symbol.declarations?.[0]);
    if (!isForeign) { for (const property of type.getProperties()) this.#showProperty(property); }
  }

  /** @param {Type} type */
  #argumentsOf(type) {
    const { objectFlags = 0 } = /** @type {import("typescript").ObjectType} */ (type);
    const isReference = (objectFlags & ts.ObjectFlags.Reference) !== 0;
    const reference = /** @type {import("typescript").TypeReference} */ (type);
    const given = isReference ? this.#checker.getTypeArguments(reference) : [];
    return [...type.aliasTypeArguments ?? [], ...given];
  }

  /** @param {Signature} signature */
  #showSignature(signature) {
    for (const each of signature.parameters) this.#show(this.#checker.getTypeOfSymbol(each));
    for (const each of signature.typeParameters ?? []) this.#show(each);
    this.#show(signature.getReturnType());
  }

  /** @param {import("typescript").Symbol} property */
  #showProperty(property) {
    const [declaration] = property.declarations ?? [];
    if (declaration !== undefined && !this.#isOwn(declaration)) return;
    this.#known.add(property.name);
    this.#show(this.#checker.getTypeOfSymbol(property));
  }
}

/**
 * @param {Node} node
 * @param {(node: Node) => void} look
 */
function visit(node, look) {
  look(node);
  ts.forEachChild(node, (child) => visit(child, look));
}

/**
 * @param {Node} node
 * @returns {node is import("typescript").NamedDeclaration} whether it makes a property
 */
function isMember(node) {
  return ts.isClassElement(node) || ts.isTypeElement(node) || ts.isObjectLiteralElementLike(node);
}

/**
 * @param {Node} node
 * @returns {boolean} whether a pattern names what is wanted of it, and not a type
 */
function isTakenApart({ parent }) {
  const isNamed = ts.isVariableDeclaration(parent) || ts.isParameter(parent) ||
    ts.isBindingElement(parent);
  return isNamed && ts.isBindingName(parent.name) && !ts.isIdentifier(parent.name) &&
    (ts.isBindingElement(parent) || parent.type === undefined);
}

/** @param {Node} node */
function isAmbient(node) {
  const { Ambient } = ts.ModifierFlags;
  return (ts.getCombinedModifierFlags(/** @type {import("typescript").Declaration} */ (node)) &
    Ambient) !== 0;
}
