/**
 * What can go wrong around the local servers, as one error class with a closed set of codes.
 *
 * @module
 */

/**
 * Why a {@linkcode LocalKinesisError} was raised. Stable: compare codes, never messages.
 *
 * | code | meaning |
 * |---|---|
 * | `PackageMissing` | a package that the backend needs is not installed; the message has the command |
 * | `PackageUnusable` | it is installed, and cannot be loaded on this runtime |
 * | `EngineAbsent` | the backend `container` was asked for, and no container engine answers |
 * | `ImageUnavailable` | the image cannot be built, or the one that was named is not there |
 * | `PortTaken` | another program listens on a port that was asked for |
 * | `StartFailed` | a server or a container was started and did not become ready |
 * | `ConsumeTimeout` | `consumeAll()` did not see in time what it waits for |
 * | `FaultTimeout` | a fault did not strike as often as was waited for |
 * | `Stopped` | the local Kinesis was stopped already |
 */
export type LocalKinesisErrorCode =
  | "PackageMissing"
  | "PackageUnusable"
  | "EngineAbsent"
  | "ImageUnavailable"
  | "PortTaken"
  | "StartFailed"
  | "ConsumeTimeout"
  | "FaultTimeout"
  | "Stopped";

/** A failure of the local servers or of what stands around them. */
export class LocalKinesisError extends Error {
  /** What tells it from other errors where `instanceof` cannot. */
  override readonly name = "LocalKinesisError";
  /** Why; see {@linkcode LocalKinesisErrorCode}. */
  readonly code: LocalKinesisErrorCode;

  /**
   * Makes one.
   *
   * @param options.cause what was raised underneath
   */
  constructor(
    code: LocalKinesisErrorCode,
    message: string,
    options: { readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
  }
}

/** The code that a system call failed with, for example `EADDRINUSE`. */
export function systemCodeOf(error: unknown): string | undefined {
  const code = typeof error === "object" && error !== null && "code" in error && error.code;
  return typeof code === "string" ? code : undefined;
}
