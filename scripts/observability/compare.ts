/**
 * Compares what was seen with what is documented, both ways: nothing may be seen that is not
 * documented, and all that is documented must have been seen.
 *
 * @module
 */

import type { RecordedSpan } from "../../testing/mod.ts";
import type { Documented } from "./documented.ts";
import type { Seen, SeenPoint } from "./observer.ts";

const TYPE = "messaging.operation.type";
const ANY = "any";
const EVERY = "every operation";
const EVENTS_OF_CALLS = "events of calls to AWS";

/** What every metric has. */
const COMMON: readonly string[] = [
  "messaging.system",
  "messaging.destination.name",
  "messaging.consumer.group.name",
];

/** What does not fit, a line each; sorted, and each once. */
export function compare(documented: Documented, seen: Seen): readonly string[] {
  const lines = [
    ...seen.spans.flatMap((span) => unknownOfSpan(documented, span)),
    ...seen.points.flatMap((point) => unknownOfPoint(documented, point)),
    ...seen.events.flatMap((event) => unknownOfEvent(documented, event)),
    ...missingSpans(documented, seen.spans),
    ...missingPoints(documented, seen.points),
    ...missingEvents(documented, seen),
  ];
  return [...new Set(lines)].sort();
}

/** The words of the page that stand for a span. */
function wordsOf({ calls, spans }: Documented, { name, attributes }: RecordedSpan) {
  const [operation = ""] = name.split(" ");
  if (spans.has(operation) && name !== operation) {
    return { subject: operation, words: [operation, EVERY, ANY] };
  }
  if (!calls.has(name)) return undefined;
  const isNamed = name === `${attributes["rpc.service"]}.${attributes["rpc.method"]}`;
  const service = name.slice(0, name.indexOf("."));
  return isNamed
    ? { subject: name, words: ["calls to AWS", `calls to ${service}`, ANY] }
    : undefined;
}

function unknownOfSpan(documented: Documented, span: RecordedSpan): readonly string[] {
  const found = wordsOf(documented, span);
  if (found === undefined) return [`span "${span.name}" is not documented`];
  const { subject, words } = found;
  const facts = documented.spans.get(subject) ?? { kind: "client", type: "–" };
  const { kind, type } = facts;
  const actualType = span.attributes[TYPE] ?? "–";
  return [
    ...(span.kind === kind ? [] : [`span "${subject}" is of kind ${span.kind}, not ${kind}`]),
    ...(actualType === type ? [] : [`span "${subject}" is of type ${actualType}, not ${type}`]),
    ...undocumented(documented, Object.keys(span.attributes), words)
      .map((name) => `span "${subject}" has "${name}"`),
    ...span.events.flatMap((event) => [
      ...(["throttled", "retried"].includes(event.name) && subject.includes(".")
        ? []
        : [`span "${subject}" has the event "${event.name}"`]),
      ...undocumented(documented, Object.keys(event.attributes), [EVENTS_OF_CALLS])
        .map((name) => `event "${event.name}" of a span has "${name}"`),
    ]),
  ];
}

function undocumented(
  { attributes }: Documented,
  names: readonly string[],
  words: readonly string[],
): readonly string[] {
  return names.filter((name) =>
    attributes.get(name)?.some((word) => words.includes(word)) !== true
  );
}

function unknownOfPoint({ metrics }: Documented, point: SeenPoint): readonly string[] {
  const { attributes, kind, metric, unit } = point;
  const found = metrics.get(metric);
  if (found === undefined) return [`metric "${metric}" is not documented`];
  const allowed = [...COMMON, ...found.attributes];
  return [
    ...(found.kind === kind ? [] : [`metric "${metric}" is a ${kind}, not a ${found.kind}`]),
    ...(found.unit === unit ? [] : [`metric "${metric}" counts ${unit}, not ${found.unit}`]),
    ...Object.keys(attributes).filter((name) => !allowed.includes(name))
      .map((name) => `metric "${metric}" has "${name}"`),
  ];
}

function unknownOfEvent(
  { events }: Documented,
  { type, ...facts }: { readonly type: string },
): readonly string[] {
  const known = events.get(type);
  if (known === undefined) return [`event "${type}" is not documented`];
  return Object.keys(facts).filter((name) => !known.includes(name))
    .map((name) => `event "${type}" has "${name}"`);
}

function missingSpans(documented: Documented, spans: readonly RecordedSpan[]): readonly string[] {
  const { attributes, calls, spans: operations } = documented;
  /** Attribute by attribute, of what it was seen. */
  const carriers = new Map<string, Set<string>>();
  const note = (name: string, subject: string): void => {
    carriers.set(name, (carriers.get(name) ?? new Set()).add(subject));
  };
  const subjects = new Set<string>();
  for (const span of spans) {
    const found = wordsOf(documented, span);
    if (found === undefined) continue;
    subjects.add(found.subject);
    for (const event of span.events) {
      subjects.add(event.name);
      for (const name of Object.keys(event.attributes)) note(name, EVENTS_OF_CALLS);
    }
    for (const name of Object.keys(span.attributes)) {
      for (const word of found.words) note(name, word);
      note(name, found.subject);
    }
  }
  const wanted = [...operations.keys(), ...calls, "throttled", "retried"];
  return [
    ...wanted.filter((each) => !subjects.has(each)).map((each) => `span "${each}" was not seen`),
    ...[...attributes].flatMap(([name, of]) =>
      of.flatMap((word) => word === EVERY ? [...operations.keys()] : [word])
        .filter((word) => carriers.get(name)?.has(word) !== true)
        .map((word) => `attribute "${name}" was not seen of ${word}`)
    ),
  ];
}

function missingPoints({ metrics }: Documented, points: readonly SeenPoint[]): readonly string[] {
  return [...metrics].flatMap(([name, { attributes }]) => {
    const own = points.filter(({ metric }) => metric === name);
    if (own.length === 0) return [`metric "${name}" was not seen`];
    return [...COMMON, ...attributes].filter((each) =>
      !own.some((point) => point.attributes[each] !== undefined)
    ).map((each) => `attribute "${each}" was not seen of metric "${name}"`);
  });
}

function missingEvents({ events }: Documented, seen: Seen): readonly string[] {
  return [...events].flatMap(([type, facts]) => {
    const own = seen.events.filter((event) => event.type === type);
    if (own.length === 0) return [`event "${type}" was not seen`];
    const known = new Set(
      own.flatMap((event) =>
        Object.entries(event).flatMap(([name, value]) => value === undefined ? [] : [name])
      ),
    );
    const isLogged = seen.lines.some(({ message }) => message === `kinsumer: ${type}`);
    return [
      ...facts.filter((fact) => !known.has(fact))
        .map((fact) => `fact "${fact}" was not seen of event "${type}"`),
      ...(isLogged ? [] : [`event "${type}" left no line in the log`]),
    ];
  });
}
