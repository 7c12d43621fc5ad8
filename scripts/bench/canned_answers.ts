/**
 * Builds GetRecords answers beforehand, as JSON and as CBOR, so that serving one costs no more than
 * stamping where it stands in the shard into bytes that are there already.
 *
 * @module
 */

/** What the records of an answer are like. */
export interface AnswerShape {
  readonly wire: "json" | "cbor";
  /** Bytes of each record's payload: at least 16. */
  readonly recordBytes: number;
  /** 0 to 10,000. */
  readonly recordCount: number;
  /** `json`: a JSON document each; `bytes`: any bytes. */
  readonly payload: "json" | "bytes";
  readonly lagMs: number;
}

/** An answer whose place in the shard can be changed. */
export interface CannedAnswer {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** @param round counts the answers of a shard: at most 999,999,999 */
  stamp(round: number, iterator: string): void;
}

/** Every iterator has this length, near that of the service's. */
export const ITERATOR_LENGTH = 200;
/** The leading digits of every sequence number; nine of the round and five of the record follow. */
export const SEQUENCE_PREFIX: string = "495903382714902568".padEnd(42, "0");
export const ROUND_DIGITS = 9;
const INDEX_DIGITS = 5;
const ARRIVAL_SECONDS = 1_700_000_000;
const encoder = new TextEncoder();

/** Builds one answer. */
export function buildAnswer(shape: AnswerShape): CannedAnswer {
  const writer = shape.wire === "json" ? new JsonAnswer() : new CborAnswer();
  const parts = new Parts();
  writer.begin(parts);
  for (let index = 0; index < shape.recordCount; index++) {
    writer.record(parts, { index, data: payloadOf(shape, index) });
  }
  writer.end(parts, shape.lagMs);
  return parts.finish();
}

/** The payload of a record: repeatable, and of exactly the wanted length. */
export function payloadOf(
  shape: Pick<AnswerShape, "recordBytes" | "payload">,
  index: number,
): Uint8Array {
  const { recordBytes } = shape;
  if (shape.payload === "json") {
    const head = `{"id":${String(index).padStart(5, "1")},"t":"`;
    let text = "";
    for (let seed = index; text.length < recordBytes; seed = (seed * 48271 + 11) % 2147483647) {
      text += seed.toString(36);
    }
    return encoder.encode(`${head}${text}`.slice(0, recordBytes - 2) + '"}');
  }
  const data = new Uint8Array(recordBytes);
  for (let at = 0, seed = index + 1; at < recordBytes; at++) {
    seed = (seed * 48271) % 2147483647;
    data[at] = seed & 255;
  }
  return data;
}

/** The pieces of an answer, and where its changeable parts are. */
class Parts {
  readonly #pieces: Uint8Array[] = [];
  readonly #rounds: number[] = [];
  #length = 0;
  #iteratorAt = 0;

  add(piece: string | Uint8Array): void {
    const bytes = typeof piece === "string" ? encoder.encode(piece) : piece;
    this.#pieces.push(bytes);
    this.#length += bytes.length;
  }

  sequenceNumber(index: number): void {
    this.add(SEQUENCE_PREFIX);
    this.#rounds.push(this.#length);
    this.add("0".repeat(ROUND_DIGITS) + String(index).padStart(INDEX_DIGITS, "0"));
  }

  iterator(): void {
    this.#iteratorAt = this.#length;
    this.add(" ".repeat(ITERATOR_LENGTH));
  }

  finish(): CannedAnswer {
    const bytes = new Uint8Array(this.#length);
    let at = 0;
    for (const piece of this.#pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    const rounds = Uint32Array.from(this.#rounds);
    const iteratorAt = this.#iteratorAt;
    const stamp = (round: number, iterator: string): void => {
      const digits = encoder.encode(String(round).padStart(ROUND_DIGITS, "0"));
      for (const start of rounds) {
        for (let each = 0; each < ROUND_DIGITS; each++) bytes[start + each] = digits[each]!;
      }
      bytes.set(encoder.encode(iterator.padEnd(ITERATOR_LENGTH, "-")), iteratorAt);
    };
    return { bytes, stamp };
  }
}

interface CannedRecord {
  readonly index: number;
  readonly data: Uint8Array;
}

class JsonAnswer {
  begin(parts: Parts): void {
    parts.add('{"Records":[');
  }

  record(parts: Parts, { index, data }: CannedRecord): void {
    parts.add(`${index === 0 ? "" : ","}{"SequenceNumber":"`);
    parts.sequenceNumber(index);
    parts.add(`","ApproximateArrivalTimestamp":${ARRIVAL_SECONDS}.123,"Data":"`);
    parts.add(btoa(binaryOf(data)));
    parts.add(`","PartitionKey":"key-${index % 1000}"}`);
  }

  end(parts: Parts, lagMs: number): void {
    parts.add(`],"NextShardIterator":"`);
    parts.iterator();
    parts.add(`","MillisBehindLatest":${lagMs}}`);
  }
}

function binaryOf(data: Uint8Array): string {
  let binary = "";
  for (const byte of data) binary += String.fromCharCode(byte);
  return binary;
}

/** Maps and lists of no stated length, as the service writes them. */
class CborAnswer {
  begin(parts: Parts): void {
    parts.add(Uint8Array.of(0xbf));
    parts.add(cborText("Records"));
    parts.add(Uint8Array.of(0x9f));
  }

  record(parts: Parts, { index, data }: CannedRecord): void {
    parts.add(Uint8Array.of(0xbf));
    parts.add(cborText("SequenceNumber"));
    parts.add(cborHead(3, SEQUENCE_PREFIX.length + ROUND_DIGITS + INDEX_DIGITS));
    parts.sequenceNumber(index);
    parts.add(cborText("ApproximateArrivalTimestamp"));
    parts.add(cborHead(0, ARRIVAL_SECONDS * 1000 + 123));
    parts.add(cborText("Data"));
    parts.add(cborHead(2, data.length));
    parts.add(data);
    parts.add(cborText("PartitionKey"));
    parts.add(cborText(`key-${index % 1000}`));
    parts.add(Uint8Array.of(0xff));
  }

  end(parts: Parts, lagMs: number): void {
    parts.add(Uint8Array.of(0xff));
    parts.add(cborText("NextShardIterator"));
    parts.add(cborHead(3, ITERATOR_LENGTH));
    parts.iterator();
    parts.add(cborText("MillisBehindLatest"));
    parts.add(cborHead(0, lagMs));
    parts.add(Uint8Array.of(0xff));
  }
}

function cborText(text: string): Uint8Array {
  const bytes = encoder.encode(text);
  const head = cborHead(3, bytes.length);
  const whole = new Uint8Array(head.length + bytes.length);
  whole.set(head);
  whole.set(bytes, head.length);
  return whole;
}

/** The head of a value: its major type, and its length or value. */
function cborHead(major: number, value: number): Uint8Array {
  const top = major << 5;
  if (value < 24) return Uint8Array.of(top | value);
  if (value < 2 ** 8) return Uint8Array.of(top | 24, value);
  if (value < 2 ** 16) return Uint8Array.of(top | 25, value >> 8, value & 255);
  const head = new Uint8Array(value < 2 ** 32 ? 5 : 9);
  const view = new DataView(head.buffer);
  head[0] = top | (head.length === 5 ? 26 : 27);
  if (head.length === 5) view.setUint32(1, value);
  else view.setBigUint64(1, BigInt(value));
  return head;
}
