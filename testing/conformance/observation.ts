/**
 * Says what a probe is and what it may find: whether a server behaves as AWS is documented to, as
 * far as a consumer relies on it.
 *
 * @module
 */

/** What a probe found. */
export type Observation =
  /** As documented. */
  | { readonly verdict: "holds"; readonly how?: string }
  /** It answers otherwise. */
  | { readonly verdict: "differs"; readonly how: string }
  /** It has nothing of the kind. */
  | { readonly verdict: "absent" }
  /** The subject's ports cannot express the question. */
  | { readonly verdict: "no port" }
  /** Nobody asked. */
  | { readonly verdict: "not probed"; readonly why: string };

/** One behaviour that is relied on, and how to look for it. */
export interface Probe {
  /** In a few words; unique. */
  readonly behaviour: string;
  /** What AWS documents, where that says more than the behaviour. */
  readonly documented?: string;
  /** Where the question alone ends the process of a server that is known to be weak there. */
  readonly isDangerous?: true;
  observe(subject: Subject): Promise<Observation>;
}

/** Probes of one matter. */
export interface Topic {
  readonly title: string;
  readonly probes: readonly Probe[];
}

/** An answer as it came over the wire, or as a port would have sent it. */
export interface Reply {
  readonly status: number;
  /** The `__type` of a failure, with its namespace, if it has one. */
  readonly type: string | undefined;
  /** The answer's JSON document; empty where there is none. */
  readonly body: Fields;
  /** Absent: there is no such header. */
  header(name: string): string | undefined;
}

/** A JSON object. */
export interface Fields {
  readonly [name: string]: unknown;
}

/** What is asked, beside the operation and its input. */
export interface AskOptions {
  /** Replaces headers of the request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Replaces the JSON of the input. */
  readonly body?: Uint8Array;
  /** Does not read the answer's body, and hangs up. */
  readonly isBodyless?: boolean;
  /** Milliseconds until it counts as unanswered. @default {15000} */
  readonly timeoutMs?: number;
}

/** A service to be probed. */
export interface Subject {
  /**
   * @throws {NoPort} when the subject cannot express the question
   * @throws {Unanswered} when there is no answer in time, or the connection breaks
   */
  ask(operation: string, input: unknown, options?: AskOptions): Promise<Reply>;
  /** Lets time pass; a simulation jumps. */
  pause(ms: number): Promise<void>;
  /** Whether {@linkcode Subject.pause} takes no time. */
  readonly isSimulated: boolean;
}

/** The subject is a set of ports, and none of them can ask this. */
export class NoPort extends Error {}

/** No answer came. */
export class Unanswered extends Error {}

/** An answer that the probe cannot go on with. */
export class Unexpected extends Error {
  readonly reply: Reply;

  constructor(operation: string, reply: Reply) {
    super(`${operation} answers ${brief(reply)}`);
    this.reply = reply;
  }
}

export const HOLDS: Observation = { verdict: "holds" };

export function differs(how: string): Observation {
  return { verdict: "differs", how };
}

/** {@linkcode HOLDS} if it does, else how it differs. */
export function holdsIf(isSo: boolean, otherwise: string): Observation {
  return isSo ? HOLDS : differs(otherwise);
}

/** The failure's name without its namespace. */
export function typeOf(reply: Reply): string | undefined {
  return reply.type?.replace(/^.*#/, "");
}

/** A refusal in a few words: its status and type. */
export function brief(reply: Reply): string {
  return [reply.status, typeOf(reply)].filter((part) => part !== undefined).join(" ");
}

/** Whether a request is refused with this status and one of these types. */
export function refusedWith(
  reply: Reply,
  types: readonly string[],
  status: number = 400,
): Observation {
  const isSo = reply.status === status && types.includes(typeOf(reply) ?? "");
  return holdsIf(isSo, reply.status < 300 ? "accepts it" : brief(reply));
}

/** A list of objects in an answer; empty where there is none. */
export function listOf(body: Fields, name: string): readonly Fields[] {
  const value = body[name];
  return Array.isArray(value) ? value as readonly Fields[] : [];
}

/** A text in an answer; `undefined` where there is none. */
export function textOf(body: Fields, name: string): string | undefined {
  const value = body[name];
  return typeof value === "string" ? value : undefined;
}

/** Puts one probe to a subject; whatever happens, it is an observation. */
export async function probe({ observe }: Probe, subject: Subject): Promise<Observation> {
  try {
    return await observe(subject);
  } catch (error) {
    if (error instanceof NoPort) return { verdict: "no port" };
    if (error instanceof Unanswered) return differs("never answers");
    if (!(error instanceof Unexpected)) throw error;
    return isUnknown(error.reply) ? { verdict: "absent" } : differs(error.message);
  }
}

/** Whether the service says that it does not know the operation. */
function isUnknown(reply: Reply): boolean {
  return typeOf(reply) === "UnknownOperationException" || [404, 501].includes(reply.status);
}
