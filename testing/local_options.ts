/**
 * What a local Kinesis is started with: the options, their defaults, and what is wrong with them.
 *
 * @module
 */

/** Which servers to start; see {@linkcode LocalKinesisOptions.backend}. */
export type LocalBackend = "embedded" | "kinesis-mock" | "container";

/** How to start. */
export interface LocalKinesisOptions {
  /**
   * - `"embedded"`: kinesalite and dynalite inside this process.
   * - `"kinesis-mock"`: kinesis-mock as a child process, which knows more of Kinesis, and dynalite.
   * - `"container"`: kinesalite and dynalite in a container, by way of testcontainers.
   * - `"auto"`: a container where an engine answers and testcontainers is installed and works; else
   *   embedded. The variable `KINSUMER_LOCAL_BACKEND` names another one in its place.
   *
   * @default {"auto"}
   */
  readonly backend?: LocalBackend | "auto" | undefined;
  /** The port of Kinesis on this machine: 0 to 65,535; 0 chooses a free one. @default {0} */
  readonly kinesisPort?: number | undefined;
  /** The port of DynamoDB on this machine: 0 to 65,535; 0 chooses a free one. @default {0} */
  readonly dynamodbPort?: number | undefined;
  /**
   * Whether a proxy stands before both servers that `faults` can order to misbehave. Without it the
   * endpoints are the servers' own. @default {true}
   */
  readonly faults?: boolean | undefined;
  /** Where the chance of faults with a `probability` begins: a whole number. @default {1} */
  readonly seed?: number | undefined;
  /**
   * Only for a container: an image of one's own, built from what `imageFiles()` returns.
   * @default one that is built at the first start, and cached by the engine
   */
  readonly image?: string | undefined;
  /**
   * Only for a container: takes the one that an earlier run left, with what is in it, and leaves it
   * running. @default {false}
   */
  readonly reuse?: boolean | undefined;
  /** Is told which servers start, and why: one line. @default silence */
  readonly log?: ((line: string) => void) | undefined;
}

/** The options with every default filled in. */
export interface ResolvedLocalOptions {
  readonly backend: LocalBackend | "auto";
  readonly isNamedByEnvironment: boolean;
  readonly kinesisPort: number;
  readonly dynamodbPort: number;
  readonly faults: boolean;
  readonly seed: number;
  readonly image: string | undefined;
  readonly reuse: boolean;
  readonly log: (line: string) => void;
}

const BACKENDS = ["embedded", "kinesis-mock", "container", "auto"] as const;
const VARIABLE = "KINSUMER_LOCAL_BACKEND";
const MAX_PORT = 65_535;

const KNOWN: { readonly [option in keyof Required<LocalKinesisOptions>]: true } = {
  backend: true,
  kinesisPort: true,
  dynamodbPort: true,
  faults: true,
  seed: true,
  image: true,
  reuse: true,
  log: true,
};

/**
 * Fills in the defaults.
 *
 * @throws {TypeError} when an option is not known or has the wrong type
 * @throws {RangeError} when its value is not allowed
 */
export function resolveLocalOptions(
  options: LocalKinesisOptions,
  env: (name: string) => string | undefined,
): ResolvedLocalOptions {
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(KNOWN, name)) {
      throw new TypeError(problem(`${name} is not one of ${Object.keys(KNOWN).join(", ")}`));
    }
  }
  const asked = backendOf("backend", options.backend ?? "auto");
  const variable = env(VARIABLE) || undefined;
  const isNamedByEnvironment = asked === "auto" && variable !== undefined;
  const { kinesisPort, dynamodbPort } = {
    kinesisPort: wholeNumber("kinesisPort", options.kinesisPort ?? 0, MAX_PORT),
    dynamodbPort: wholeNumber("dynamodbPort", options.dynamodbPort ?? 0, MAX_PORT),
  };
  if (kinesisPort !== 0 && kinesisPort === dynamodbPort) {
    throw new RangeError(problem(`kinesisPort and dynamodbPort are both ${kinesisPort}`));
  }
  return {
    backend: isNamedByEnvironment ? backendOf(VARIABLE, variable) : asked,
    isNamedByEnvironment,
    kinesisPort,
    dynamodbPort,
    faults: ofType("faults", options.faults ?? true, "boolean"),
    seed: wholeNumber("seed", options.seed ?? 1, Number.MAX_SAFE_INTEGER),
    image: options.image === undefined ? undefined : ofType("image", options.image, "string"),
    reuse: ofType("reuse", options.reuse ?? false, "boolean"),
    log: ofType("log", options.log ?? (() => {}), "function"),
  };
}

function backendOf(name: string, value: unknown): LocalBackend | "auto" {
  const backend = BACKENDS.find((each) => each === value);
  if (backend !== undefined) return backend;
  const words = `${name} must be one of ${BACKENDS.map((each) => `"${each}"`).join(", ")}`;
  if (typeof value === "string") throw new RangeError(problem(`${words}, got "${value}"`));
  throw new TypeError(problem(`${words}, got ${typeof value}`));
}

function wholeNumber(name: string, value: unknown, max: number): number {
  const words = problem(`${name} must be a whole number from 0 to ${max}, got ${String(value)}`);
  if (typeof value !== "number") throw new TypeError(words);
  if (!Number.isInteger(value) || value < 0 || value > max) throw new RangeError(words);
  return value;
}

function ofType<Value>(name: string, value: Value, type: "boolean" | "string" | "function"): Value {
  const actual: string = typeof value;
  if (actual === type) return value;
  throw new TypeError(problem(`${name} must be a ${type}, got ${actual}`));
}

function problem(words: string): string {
  return `Cannot start a local Kinesis: ${words}`;
}
