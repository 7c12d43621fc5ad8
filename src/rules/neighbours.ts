/**
 * Decides how often an application may read a shard that several applications read: the service
 * allows five reads a second, over all of them.
 *
 * @module
 */

/** What the formula adds for each application, and to all of them: milliseconds. */
const DELAY_PER_APPLICATION_MS = 200;
const SPARE_DELAY_MS = 50;
const LONGEST_DELAY_MS = 60_000;

/** How the ID of an application's row names its stream and itself. */
export function applicationId(stream: string, applicationName: string): string {
  return `${stream}/${applicationName}`;
}

/** The applications of one stream among these IDs, sorted; no name of an application has a `/`. */
export function applicationsOf(stream: string, ids: readonly string[]): readonly string[] {
  return ids.filter((id) => id.slice(0, id.lastIndexOf("/")) === stream)
    .map((id) => id.slice(id.lastIndexOf("/") + 1)).sort();
}

/** The throttle delay that suits so many applications: the Go library's formula. */
export function suggestedDelayMs(applicationCount: number): number {
  const delayMs = SPARE_DELAY_MS + DELAY_PER_APPLICATION_MS * Math.max(1, applicationCount);
  return Math.min(delayMs, LONGEST_DELAY_MS);
}
