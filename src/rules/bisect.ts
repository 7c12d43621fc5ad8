/**
 * Decides how a batch that failed is taken apart, until the records that make it fail stand alone.
 *
 * @module
 */

/** Records of a batch, from `from` (included) to `to` (excluded). */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/**
 * The two halves of a span, the earlier first: it must be settled before the later begins, so that
 * order holds.
 *
 * @throws {RangeError} when there is nothing to halve
 */
export function halves({ from, to }: Span): readonly [Span, Span] {
  if (to - from < 2) throw new RangeError(`Cannot halve ${to - from} record(s)`);
  const middle = from + Math.ceil((to - from) / 2);
  return [{ from, to: middle }, { from: middle, to }];
}
