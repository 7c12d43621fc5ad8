/**
 * Decides what an AWS failure means: which {@link KinsumerError} it becomes, and whether the same
 * request may succeed later.
 *
 * Throttling, expired iterators and failed conditions are all HTTP 400: only the service's own
 * name of the failure tells them apart. Nothing of the answer but that name is ever quoted, save
 * for what the service says of a missing permission; the message of a bad signature, for one,
 * repeats the session token.
 *
 * @module
 */

import { KinsumerError, type KinsumerErrorCode } from "../errors.ts";
import { type Fields, isFields } from "./answers.ts";

/** The services that are spoken to. */
export type AwsService = "kinesis" | "dynamodb";

/** What was asked for, as far as errors tell it. */
export interface Request {
  readonly service: AwsService;
  /** Where it is sent, for example `kinesis.eu-west-1.amazonaws.com`: a region or a port may be wrong. */
  readonly host: string;
  /** For example `GetRecords`. */
  readonly operation: string;
  /** For example `stream "orders"`; absent where the request names neither stream nor table. */
  readonly subject: string | undefined;
}

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: string;
}

// Without the "Exception" that some services end these names with: see isAmong().

const THROTTLED = "BandwidthLimitExceeded KMSThrottling LimitExceeded " +
  "ProvisionedThroughputExceeded RequestLimitExceeded RequestThrottled SlowDown Throttled " +
  "Throttling TooManyRequests";

/** The signature is wrong, or only its time. */
const CLOCK_SKEW = "AuthFailure InvalidSignature RequestExpired RequestInTheFuture " +
  "RequestTimeTooSkewed SignatureDoesNotMatch";

/** The keys are unknown, or known no longer: newer ones may be accepted. */
const STALE_CREDENTIALS = "ExpiredToken InvalidAccessKeyId InvalidClientTokenId InvalidToken " +
  "TokenRefreshRequired UnrecognizedClient";

const REJECTED_CREDENTIALS = "IncompleteSignature MissingAuthenticationToken";

const ACCESS_DENIED = "AccessDenied KMSAccessDenied KMSOptInRequired NotAuthorized OptInRequired " +
  "SubscriptionRequired UnauthorizedOperation";

const SERVICE_FAILURE = "InternalFailure InternalServerError RequestTimeout ServiceUnavailable";

/** What passes. */
const RETRYABLE = "Throttled ServiceFailure StreamNotReady TableNotReady";

function isAmong(names: string, awsCode = ""): boolean {
  return names.split(" ").includes(awsCode.replace(/Exception$/, ""));
}

/** Whether a failure may come of our clock being wrong. */
export function maySkewExplain(failure: KinsumerError): boolean {
  return isAmong(CLOCK_SKEW, failure.awsCode);
}

/** Whether a failure may be mended by newer credentials. */
export function mayNewCredentialsHelp(failure: KinsumerError): boolean {
  return isAmong(STALE_CREDENTIALS, failure.awsCode);
}

/** The beginning of every message about a request, for example `Cannot call "GetItem"`. */
export function cannotCall(request: Request): string {
  const { operation, subject } = request;
  return `Cannot call "${operation}"${subject === undefined ? "" : ` on ${subject}`}`;
}

/** What an answer that is no success means. */
export function failureOf(request: Request, answer: Answer): KinsumerError {
  const { host, operation } = request;
  const { status, headers } = answer;
  const document = parseFields(answer.body);
  const awsCode = awsCodeOf(document, headers);
  const code = codeOf(request, { status, awsCode });
  const name = awsCode === undefined ? "" : `${awsCode}, `;
  const reason = code === "AccessDenied" ? wordsOf(document) : "";
  const message = `${cannotCall(request)}: ${
    stateOf(code)
  } (${name}HTTP ${status} from ${host})${reason}`;
  return new KinsumerError(code, message, {
    operation,
    awsCode,
    httpStatus: status,
    requestId: requestIdOf(headers),
    retryable: isAmong(RETRYABLE, code),
  });
}

/** The ID under which the service knows the request. */
export function requestIdOf(headers: Answer["headers"]): string | undefined {
  return headers.get("x-amzn-requestid") ?? headers.get("x-amz-request-id") ?? undefined;
}

function codeOf(
  { service, operation }: Request,
  answer: { readonly status: number; readonly awsCode: string | undefined },
): KinsumerErrorCode {
  const { status, awsCode = "" } = answer;
  const thing = service === "kinesis" ? "Stream" : "Table";
  if (isAmong(THROTTLED, awsCode) || status === 429) return "Throttled";
  if (isAmong(SERVICE_FAILURE, awsCode) || status === 408) return "ServiceFailure";
  if (isAmong(`${CLOCK_SKEW} ${STALE_CREDENTIALS} ${REJECTED_CREDENTIALS}`, awsCode)) {
    return "CredentialsRejected";
  }
  if (isAmong(ACCESS_DENIED, awsCode)) return "AccessDenied";
  if (awsCode === "ResourceNotFoundException") return `${thing}NotFound`;
  // A creation is refused so because the thing exists: it will not pass.
  if (awsCode === "ResourceInUseException" && !operation.startsWith("Create")) {
    return `${thing}NotReady`;
  }
  if (awsCode === "ExpiredIteratorException") return "IteratorExpired";
  if (status >= 500) return "ServiceFailure";
  return awsCode === "" && [401, 403].includes(status) ? "AccessDenied" : "RequestRejected";
}

const STATES: Readonly<Partial<Record<KinsumerErrorCode, string>>> = {
  Throttled: "the service asks to slow down",
  ServiceFailure: "the service failed",
  CredentialsRejected: "the service does not accept the credentials",
  AccessDenied: "the credentials lack a permission",
  StreamNotFound: "the stream or shard does not exist",
  TableNotFound: "the table does not exist",
  StreamNotReady: "the stream is being changed",
  TableNotReady: "the table is being changed",
  IteratorExpired: "the shard iterator has expired",
};

function stateOf(code: KinsumerErrorCode): string {
  return STATES[code] ?? "the service refuses the request";
}

function parseFields(body: string): Fields {
  try {
    const document: unknown = JSON.parse(body);
    return isFields(document) ? document : {};
  } catch {
    return {}; // for example a proxy's page
  }
}

/** `com.amazonaws.dynamodb.v20120810#X` and `X:http://…` are both `X`. */
function awsCodeOf(document: Fields, headers: Answer["headers"]): string | undefined {
  const given = document["__type"] ?? headers.get("x-amzn-errortype") ?? document["code"];
  if (typeof given !== "string") return undefined;
  const name = given.slice(given.lastIndexOf("#") + 1).split(":")[0] ?? "";
  return /^[A-Za-z][\w.]{0,99}$/.test(name) ? name : undefined;
}

/** The service's own words, which name the action and the resource that are not allowed. */
function wordsOf(document: Fields): string {
  const words = document["message"] ?? document["Message"];
  return typeof words === "string" && words !== "" ? `: ${words.slice(0, 500)}` : "";
}
