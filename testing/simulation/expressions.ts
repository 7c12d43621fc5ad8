/**
 * Speaks as much of DynamoDB's condition and update expressions as the tables use, the way DynamoDB
 * does, down to its refusal of placeholders that are missing or unused.
 *
 * @module
 */

import type { AttributeValue, Item, UpdateRequest } from "../../src/aws/dynamodb_api.ts";
import { KinsumerError } from "../../src/errors.ts";

type Expressions = Partial<
  Pick<
    UpdateRequest,
    "conditionExpression" | "updateExpression" | "attributeNames" | "attributeValues"
  >
>;

/** A write, ready to be tried on a row. */
export interface ParsedWrite {
  /** Whether the condition holds for the row; an absent row is one without attributes. */
  holds(item: Item): boolean;
  /** The row after the write. */
  apply(item: Item): Item;
}

/**
 * Reads the expressions of one write.
 *
 * @throws {KinsumerError} `RequestRejected` where DynamoDB would answer ValidationException
 */
export function parseWrite(request: Expressions): ParsedWrite {
  const scope = new Scope(request);
  const condition = request.conditionExpression === undefined
    ? () => true
    : new Parser(request.conditionExpression, scope).condition();
  const apply = request.updateExpression === undefined
    ? (item: Item) => item
    : new Parser(request.updateExpression, scope).update();
  scope.assertAllUsed();
  return { holds: condition, apply };
}

type Condition = (item: Item) => boolean;
type Operand = (item: Item) => AttributeValue | undefined;

/** The placeholders of one write, and which of them its expressions use. */
class Scope {
  readonly #request: Expressions;
  readonly #used = new Set<string>();

  constructor(request: Expressions) {
    this.#request = request;
  }

  attribute(placeholder: string): string {
    return this.#take(placeholder, this.#request.attributeNames?.[placeholder]);
  }

  value(placeholder: string): AttributeValue {
    return this.#take(placeholder, this.#request.attributeValues?.[placeholder]);
  }

  assertAllUsed(): void {
    const { attributeNames = {}, attributeValues = {} } = this.#request;
    for (const placeholder of [...Object.keys(attributeNames), ...Object.keys(attributeValues)]) {
      if (!this.#used.has(placeholder)) throw invalid(`"${placeholder}" is unused in expressions`);
    }
  }

  #take<Value>(placeholder: string, value: Value | undefined): Value {
    if (value === undefined) throw invalid(`"${placeholder}" is not defined`);
    this.#used.add(placeholder);
    return value;
  }
}

/**
 * `or := and (OR and)*`, `and := not (AND not)*`,
 * `not := NOT not | ( or ) | function | comparison`.
 */
class Parser {
  readonly #tokens: readonly string[];
  readonly #scope: Scope;
  #at = 0;

  constructor(text: string, scope: Scope) {
    this.#tokens = text.match(/<=|>=|<>|[=<>(),]|[#:]?\w+|\S/g) ?? [];
    this.#scope = scope;
  }

  condition(): Condition {
    const condition = this.#or();
    this.#expectEnd();
    return condition;
  }

  update(): (item: Item) => Item {
    const set = new Map<string, AttributeValue>();
    const removed = new Set<string>();
    while (this.#at < this.#tokens.length) {
      if (this.#accept("SET")) this.#list(() => this.#assignment(set));
      else if (this.#accept("REMOVE")) this.#list(() => removed.add(this.#attribute()));
      else throw invalid(`unexpected "${this.#tokens[this.#at]}"`);
    }
    return (item) => ({
      ...Object.fromEntries(Object.entries(item).filter(([attribute]) => !removed.has(attribute))),
      ...Object.fromEntries(set),
    });
  }

  #or(): Condition {
    const parts = [this.#and()];
    while (this.#accept("OR")) parts.push(this.#and());
    return (item) => parts.some((part) => part(item));
  }

  #and(): Condition {
    const parts = [this.#not()];
    while (this.#accept("AND")) parts.push(this.#not());
    return (item) => parts.every((part) => part(item));
  }

  #not(): Condition {
    if (this.#accept("NOT")) {
      const negated = this.#not();
      return (item) => !negated(item);
    }
    if (this.#accept("(")) {
      const inner = this.#or();
      this.#expect(")");
      return inner;
    }
    const next = this.#tokens[this.#at] ?? "";
    return next.startsWith("attribute_") ? this.#function() : this.#comparison();
  }

  #function(): Condition {
    const name = this.#next();
    this.#expect("(");
    const attribute = this.#attribute();
    if (name === "attribute_type") {
      this.#expect(",");
      const type = this.#operand()({});
      this.#expect(")");
      return (item) => type !== undefined && "S" in type && typeOf(item[attribute]) === type.S;
    }
    this.#expect(")");
    if (name === "attribute_exists") return (item) => item[attribute] !== undefined;
    if (name === "attribute_not_exists") return (item) => item[attribute] === undefined;
    throw invalid(`unknown function "${name}"`);
  }

  #comparison(): Condition {
    const left = this.#operand();
    const operator = this.#next();
    const right = this.#operand();
    return (item) => compare(left(item), operator, right(item));
  }

  #operand(): Operand {
    if (this.#tokens[this.#at]?.startsWith(":") !== true) {
      const attribute = this.#attribute();
      return (item) => item[attribute];
    }
    const value = this.#scope.value(this.#next());
    return () => value;
  }

  #assignment(set: Map<string, AttributeValue>): void {
    const attribute = this.#attribute();
    this.#expect("=");
    set.set(attribute, this.#scope.value(this.#next()));
  }

  #attribute(): string {
    const token = this.#next();
    if (!token.startsWith("#")) throw invalid(`"${token}" is not a placeholder of a name`);
    return this.#scope.attribute(token);
  }

  #list(element: () => void): void {
    do element(); while (this.#accept(","));
  }

  #next(): string {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw invalid("unexpected end");
    return token;
  }

  #accept(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false;
    this.#at++;
    return true;
  }

  #expect(token: string): void {
    const found = this.#next();
    if (found !== token) throw invalid(`"${token}" expected, found "${found}"`);
  }

  #expectEnd(): void {
    if (this.#at < this.#tokens.length) throw invalid(`unexpected "${this.#tokens[this.#at]}"`);
  }
}

function typeOf(value: AttributeValue | undefined): string | undefined {
  return value === undefined ? undefined : Object.keys(value)[0];
}

function compare(
  left: AttributeValue | undefined,
  operator: string,
  right: AttributeValue | undefined,
): boolean {
  if (left === undefined || right === undefined) return operator === "<>";
  const isEqual = JSON.stringify(left) === JSON.stringify(right);
  if (operator === "=") return isEqual;
  if (operator === "<>") return !isEqual;
  const order = orderOf(left, right);
  if (order === undefined) return false;
  if (operator === "<=") return order <= 0;
  if (operator === "<") return order < 0;
  if (operator === ">=") return order >= 0;
  if (operator === ">") return order > 0;
  throw invalid(`unknown operator "${operator}"`);
}

/** Below 0, 0 or above 0; `undefined` where the two have no order. */
function orderOf(left: AttributeValue, right: AttributeValue): number | undefined {
  if ("N" in left && "N" in right) {
    const difference = /\./.test(left.N + right.N)
      ? Number(left.N) - Number(right.N)
      : BigInt(left.N) - BigInt(right.N); // nanoseconds exceed 2^53
    return difference < 0 ? -1 : difference > 0 ? 1 : 0;
  }
  if ("S" in left && "S" in right) return left.S < right.S ? -1 : left.S > right.S ? 1 : 0;
  return undefined;
}

function invalid(state: string): KinsumerError {
  return new KinsumerError("RequestRejected", `Cannot read an expression: ${state}`, {
    awsCode: "ValidationException",
    httpStatus: 400,
  });
}
