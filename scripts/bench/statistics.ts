/**
 * Decides what several measurements of one thing say together.
 *
 * @module
 */

/** A median and the extremes around it. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The spread of some values; `undefined` where there are none. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((one, other) => one - other);
  const middle = (sorted.length - 1) / 2;
  const median = (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
  return { median, min: sorted[0]!, max: sorted.at(-1)! };
}

/**
 * How many times cheaper one is than the other, round by round: what disturbed the machine in a
 * round disturbed both.
 */
export function ratioOf(
  costs: readonly (number | undefined)[],
  otherCosts: readonly (number | undefined)[],
): number | undefined {
  const ratios = costs.flatMap((cost, round) => {
    const other = otherCosts[round];
    return cost === undefined || other === undefined || cost <= 0 ? [] : [other / cost];
  });
  return spreadOf(ratios)?.median;
}
