/**
 * Ways to break the protocol, each as a change of one place in the sources, or of two.
 *
 * @module
 */

/** A change of one place in the sources. */
export interface Change {
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
}

/** A way to break the protocol. */
export interface Mutation extends Change {
  readonly name: string;
  /** A second place, where one does not do. */
  readonly also?: Change;
}

/** Every mutant that the simulation has to catch. */
export const MUTATIONS: readonly Mutation[] = [
  {
    name: "acknowledge on hand-over",
    file: "src/loops/handoff.ts",
    find: "batch.channel.handedOver(to - from);",
    replace: "batch.channel.handedOver(to - from); batch.channel.acknowledge(batch, from, to);",
  },
  {
    name: "commit without a condition",
    file: "src/tables/checkpoints.ts",
    find: "remove: isReleased ? OWNER : [], ...isObserved(observed) };",
    replace: "remove: isReleased ? OWNER : [] };",
  },
  {
    name: "sequence numbers compared as strings",
    file: "src/loops/commit.ts",
    find: "BigInt(sequenceNumber) > BigInt(committed)",
    replace: "sequenceNumber > committed",
  },
  {
    name: "children read together with their parents",
    file: "src/rules/lineage.ts",
    find: "&& parentIds(shard).every(isDone)",
    replace: "",
  },
  {
    name: "AdjacentParentShardId ignored",
    file: "src/rules/lineage.ts",
    find: "[shard.parentShardId, shard.adjacentParentShardId]",
    replace: "[shard.parentShardId]",
  },
  {
    name: "children start at LATEST",
    file: "src/rules/position.ts",
    find: '  if (startAt === "horizon") return { type: "TRIM_HORIZON" };',
    replace: '  if (startAt === "horizon") return { type: "TRIM_HORIZON" };\n' +
      '  if (startAt === "latest") return { type: "LATEST" };',
  },
  {
    name: "liveness by the wall clock",
    file: "src/rules/liveness.ts",
    find: "if (unchangedMs(sighting) >= (row.maxAgeMs ?? goMaxAgeMs)) return false;",
    replace:
      "if (wallAgeMs(row.lastUpdate, wallNowMs) >= (row.maxAgeMs ?? goMaxAgeMs)) return false;",
  },
  {
    name: "idle shards not renewed",
    file: "src/loops/commit.ts",
    find: "Math.min(MAX_RENEWAL_INTERVAL_MS, goShardCheckIntervalMs);",
    replace: "1_000 * MAX_RENEWAL_INTERVAL_MS;",
  },
  {
    name: "no fencing after a pause",
    file: "src/loops/heartbeat.ts",
    find: 'if (!lease.isValid) this.#listener.onFenced("lease-expired");',
    replace: "",
    also: {
      file: "src/loops/handoff.ts",
      find: "this.#waiting.count > 0 && this.#options.isLeaseValid()",
      replace: "this.#waiting.count > 0",
    },
  },
  {
    name: "a shard finished on a null iterator",
    file: "src/rules/shard_end.ts",
    find: "if (facts.hasChildShards) return",
    replace: "if (facts.hasChildShards || facts.confirmations === 0) return",
  },
  {
    name: "the end of a closed shard is not confirmed",
    file: "src/rules/shard_end.ts",
    find: 'if (facts.recordCount > 0) return "confirm";',
    replace: 'if (facts.recordCount > 0) return "ended";',
  },
  {
    name: "a shard is finished before it is processed",
    file: "src/loops/consume_shard.ts",
    find: 'const isFinished = end === "ended" && channel.progress.isComplete;',
    replace: 'const isFinished = end === "ended";',
  },
  {
    name: "every change stops the world",
    file: "src/loops/shard_set.ts",
    find: "if (!this.#desired.has(shardId)) consumer.stop();\n    }",
    replace: "consumer.stop();\n    }",
  },
  {
    name: "shards not released",
    file: "src/loops/last_write.ts",
    find: "isFinished ? { isFinished } : { isReleased: true }",
    replace: "isFinished ? { isFinished } : {}",
  },
  {
    name: "no waiting for what is in hand",
    file: "src/loops/last_write.ts",
    find: "await channel.until(() => channel.inHandCount === 0, enough);",
    replace: "",
  },
  {
    name: "an expired iterator resumed from the checkpoint",
    file: "src/loops/read_shard.ts",
    find: "resumePosition(this.#start, this.#lastSequenceNumber)",
    replace:
      "resumePosition(this.#start, (this.#reading.channel as any).owned.confirmed.sequenceNumber)",
    also: {
      file: "src/loops/consume_shard.ts",
      find: '    this.#enter("reading");\n    const done',
      replace:
        '    this.#enter("reading");\n    Object.assign(channel, { owned });\n    const done',
    },
  },
  {
    name: "an expired iterator resumed from the first position",
    file: "src/rules/position.ts",
    find: "return lastReadSequenceNumber === undefined\n",
    replace: "return lastReadSequenceNumber !== null\n",
  },
  {
    name: "a write's ambiguity lost: landed taken for refused",
    file: "src/rules/ownership.ts",
    find: 'return row.ownerId === undefined || row.ownerId === clientId ? "landed" : "lost";',
    replace: 'return clientId === "" ? "landed" : "lost";',
  },
  {
    name: "a write's ambiguity lost: another's taken for one's own",
    file: "src/rules/ownership.ts",
    find: "if (row === undefined || !unconfirmed.has(row.lastUpdate)) return",
    replace: 'if (row !== undefined && clientId + unconfirmed.size) return "landed";\n' +
      "  if (row === undefined || !unconfirmed.has(row.lastUpdate)) return",
  },
  {
    name: "hot retry",
    file: "src/loops/read_shard.ts",
    find: "  await clock.sleep(delayMs, signal);\n}",
    replace: "}",
  },
  {
    name: "a buffer without a bound of records",
    file: "src/loops/admissions.ts",
    find: "index < this.#waiting.length && queue.waitingCount < queue.bufferSize;",
    replace: "index < this.#waiting.length && queue.bufferSize > 0;",
  },
  {
    name: "a buffer without a bound of bytes",
    file: "src/loops/admissions.ts",
    find: "this.#heldBytes > 0 && !this.#budget.hasRoomFor(byteLength)",
    replace: "this.#heldBytes > Infinity",
  },
  {
    name: "the budget not charged with what reads return",
    file: "src/loops/handoff.ts",
    find: "this.#admissions.hold(answer.byteLength);",
    replace: "answer = { ...answer, byteLength: 0 };",
  },
  {
    name: "our own shares beside a living Go client",
    file: "src/loops/lead.ts",
    find: "if (hasGoClient(living)) {",
    replace: 'if (living.some((row) => row.clientId === "")) {',
  },
  {
    name: "Go clients counted by our own time to live",
    file: "src/loops/roster.ts",
    find: "this.#goMaxAgeMs = goMaxAgeMs(options.goShardCheckIntervalMs);",
    replace: "this.#goMaxAgeMs = options.clientRecordMaxAgeMs / 3;",
  },
  {
    name: "idle shards renewed too seldom for Go",
    file: "src/loops/commit.ts",
    find: "Math.min(MAX_RENEWAL_INTERVAL_MS, goShardCheckIntervalMs);",
    replace: "MAX_RENEWAL_INTERVAL_MS;",
  },
  {
    name: "children under a Go leader not waited for",
    file: "src/loops/refresh.ts",
    find: ".filter((shardId) => readable.has(shardId))",
    replace: ".filter((shardId) => readable.size >= 0 || shardId)",
  },
  {
    name: "dead rows left to a Go leader",
    file: "src/loops/refresh.ts",
    find: "for (const row of view.dead) if (row.maxAgeMs !== undefined)",
    replace: "for (const row of view.dead) if (row.maxAgeMs === -1)",
  },
  {
    name: "shards taken from the living",
    file: "src/rules/ownership.ts",
    find: "if (ownerId === undefined || ownerId === clientId || !facts.isOwnerLiving) {",
    replace: 'if (ownerId === undefined || ownerId !== "" || !facts.isOwnerLiving) {',
  },
  {
    name: "a lost shard's row left in one's own name",
    file: "src/loops/shard_set.ts",
    find: 'this.#create(shardId, end !== "released")',
    replace: 'this.#create(shardId, end === "failed")',
  },
  {
    name: "the leader does not yield",
    file: "src/rules/leadership.ts",
    find: 'return isFirst ? "lead" : "resign";',
    replace: 'return "lead";',
  },
  {
    name: "the lead is taken by anyone",
    file: "src/rules/leadership.ts",
    find: 'return isFirst ? "take" : "wait";',
    replace: 'return "take";',
  },
  {
    name: "a heartbeat that arrives again puts an old date back",
    file: "src/tables/clients.ts",
    find: "`#Incarnation = :Incarnation AND ${IS_BEFORE}`",
    replace: '"#Incarnation = :Incarnation"',
  },
  {
    name: "the dead keep their shares",
    file: "src/rules/liveness.ts",
    find: "if (unchangedMs(sighting) >= (row.maxAgeMs ?? goMaxAgeMs)) return false;",
    replace: "if (unchangedMs(sighting) >= goMaxAgeMs * 100) return false;",
  },
  {
    name: "a capture whose answer was lost is forgotten",
    file: "src/loops/claim.ts",
    find: 'if (!this.#isUncertain) return { outcome: "stopped" };',
    replace: 'if (this.#claiming.shardId !== "") return { outcome: "stopped" };',
  },
  {
    name: "a record skipped although no policy says so",
    file: "src/rules/failure_policy.ts",
    find: 'return { next: recordCount > 1 ? "bisect" : policy.action };',
    replace:
      'return { next: recordCount > 1 ? "bisect" : policy.action === "stop" ? "skip" : policy.action };',
  },
  {
    name: "a handler acknowledged whose time was up",
    file: "src/loops/work.ts",
    find:
      "      failed = attempt.timeout === undefined ? failed : { error: attempt.timeout.reason };\n" +
      "      if (failed === undefined || unit",
    replace: "      if (failed === undefined || unit",
  },
  {
    name: "a paused shard goes on beside a handler that still runs",
    file: "src/loops/process.ts",
    find: "    lane.strayCount++;",
    replace: "    lane.strayCount += 0;",
  },
  {
    name: "the checkpoint passes a paused record",
    file: "src/loops/read_shard.ts",
    find: "    this.#lastSequenceNumber = undefined;\n    this.#confirmations = 0;",
    replace: "    this.#confirmations = 0;",
  },
  {
    name: "a paused shard finished",
    file: "src/loops/consume_shard.ts",
    find: 'if (isDropped()) return "dropped";',
    replace: "",
  },
  {
    name: "a handler acknowledged that outlived its shard's time",
    file: "src/loops/process.ts",
    find: "      task.isVoid = true;\n      task.attempt?.abort(reason);",
    replace: "      task.attempt?.abort(reason);",
  },
  {
    name: "the later half of a batch first",
    file: "src/loops/work.ts",
    find: "open.push(...[...halves(span)].reverse())",
    replace: "open.push(...halves(span))",
  },
  {
    name: "the keys' order ignored",
    file: "src/loops/picking.ts",
    find: "isByKey ? range.batch",
    replace: "!isByKey ? range.batch",
  },
  {
    name: "a visit keeps no requests for leaving",
    file: "src/rules/visit.ts",
    find: "return REQUESTS_TO_LEAVE + REQUESTS_TO_LEAVE_A_SHARD * ownedCount;",
    replace: "return 0 * ownedCount;",
  },
  {
    name: "a visit caught up with a closed shard passes over its children",
    file: "src/loops/visitor.ts",
    find: "return !this.lookout.closedIds.has(consumer.shardId) && consumer.isCaughtUp(withinMs);",
    replace: "return consumer.isCaughtUp(withinMs);",
  },
  {
    name: "a failed checkpoint tried again too seldom for Go",
    file: "src/loops/commit.ts",
    find: "shardId, signal, maxDelayMs }",
    replace: "shardId, signal }",
  },
  {
    name: "a channel that stays open when its shard is lost",
    file: "src/loops/channel.ts",
    find: "void (this.#isOpen = false);",
    replace: "undefined;",
  },
];
