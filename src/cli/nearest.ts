/**
 * Finds what somebody who mistyped a word may have meant. Pure.
 *
 * @module
 */

/** Words that close a refusal: `: did you mean "stream"?`; none where nothing is near. */
export function didYouMean(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  return near === undefined ? "" : `: did you mean "${near}"?`;
}

/** The one that takes the fewest changes, at most one for every three letters. */
function nearest(word: string, known: readonly string[]): string | undefined {
  const most = Math.max(1, Math.floor(word.length / 3));
  const [first] = known.map((each) => ({ each, changes: changesBetween(word, each) }))
    .filter(({ changes }) => changes <= most)
    .sort((a, b) => a.changes - b.changes);
  return first?.each;
}

/** How many letters must be put in, taken out, replaced, or changed for their neighbour. */
function changesBetween(from: string, to: string): number {
  let before: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const isSame = from[row - 1] === to[column - 1];
      const isSwapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      current.push(Math.min(
        last[column]! + 1,
        current[column - 1]! + 1,
        last[column - 1]! + (isSame ? 0 : 1),
        isSwapped ? before[column - 2]! + 1 : Infinity,
      ));
    }
    [before, last] = [last, current];
  }
  return last[to.length]!;
}
