package io.coppice.schemas;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Every topic of the ring: what it is called behind the prefix, how it is partitioned, and how long it is kept.
 *
 * <p>Topics {@link Partitioning#BY_RUN by run} have equally many partitions and place a run by its id, so that everything the
 * round coordinator needs of a run lies in one partition number. Topics {@link Partitioning#BY_SHARD by shard} place shard k
 * in partition k mod P.
 */
public enum Topic {
  RUNS("runs", Partitioning.BY_RUN, Retention.FOREVER),
  /** What people ask of a run that is there: to stop, to go on. */
  COMMANDS("commands", Partitioning.BY_RUN, Retention.FOREVER),
  AGENTS("agents", Partitioning.BY_RUN, Retention.COMPACTED),
  UPDATES("updates", Partitioning.BY_SHARD, Retention.FOREVER),
  SUBMISSIONS("submissions", Partitioning.BY_RUN, Retention.FOREVER),
  ROUNDS("rounds", Partitioning.BY_RUN, Retention.FOREVER),
  AGGREGATES("aggregates", Partitioning.BY_SHARD, Retention.FOREVER),
  /** Aggregated importance, apart from the deltas so that agents on thin links need not read it. */
  IMPORTANCE("importance", Partitioning.BY_SHARD, Retention.FOREVER),
  MASKS("masks", Partitioning.BY_RUN, Retention.FOREVER),
  CHECKPOINTS("checkpoints", Partitioning.BY_SHARD, Retention.COMPACTED),
  METRICS("metrics", Partitioning.BY_RUN, Retention.FOREVER),
  REJECTS("rejects", Partitioning.BY_SHARD, Retention.MONTH),

  // What the aggregator tells itself is kept for longer than any outage of it, because a round does
  // not go on without it.

  /** Internal: shard aggregators report to the round coordinator. */
  CHECKS("internal.checks", Partitioning.BY_RUN, Retention.MONTH),
  /** Internal: the round coordinator tells every shard aggregator that a round has closed. */
  CLOSES("internal.closes", Partitioning.BY_SHARD, Retention.MONTH),
  /** Internal: shard aggregators tell the round coordinator what they have made of a closed round. */
  DIGESTS("internal.digests", Partitioning.BY_RUN, Retention.MONTH),
  /** Internal: lets time pass in the log. */
  TICKS("internal.ticks", Partitioning.BY_RUN, Retention.DAY);

  /** What decides the partition of a record. */
  public enum Partitioning {
    BY_RUN,
    BY_SHARD
  }

  /** How long records are kept. */
  public enum Retention {
    /** Part of the audit log: never deleted. */
    FOREVER(Map.of("cleanup.policy", "delete", "retention.ms", "-1", "retention.bytes", "-1")),
    /** The last record of each key is kept for ever. */
    COMPACTED(Map.of("cleanup.policy", "compact")),
    MONTH(
        Map.of("cleanup.policy", "delete", "retention.ms", String.valueOf(30L * 24 * 3600 * 1000))),
    DAY(Map.of("cleanup.policy", "delete", "retention.ms", String.valueOf(24L * 3600 * 1000)));

    private final Map<String, String> configs;

    Retention(Map<String, String> configs) {
      this.configs = configs;
    }
  }

  /** Masks of large models are the largest records: one bit a weight. */
  public static final int MAX_RECORD_BYTES = 16 << 20;

  private final String suffix;
  private final Partitioning partitioning;
  private final Retention retention;

  Topic(String suffix, Partitioning partitioning, Retention retention) {
    this.suffix = suffix;
    this.partitioning = partitioning;
    this.retention = retention;
  }

  /**
   * The topic's full name.
   *
   * @param prefix the configured prefix, such as {@code coppice.}
   */
  public String name(String prefix) {
    return prefix + suffix;
  }

  /** The name behind the prefix. */
  public String suffix() {
    return suffix;
  }

  public Partitioning partitioning() {
    return partitioning;
  }

  public Retention retention() {
    return retention;
  }

  /** Whether the services use it among themselves; what it holds is no part of the evidence. */
  public boolean isInternal() {
    return suffix.startsWith("internal.");
  }

  /** Whether every log has it; there may be logs of the first release that have no topic which came later. */
  public boolean isInFirstRelease() {
    return this != COMMANDS && this != DIGESTS;
  }

  /** The topic that has this name behind the prefix. */
  public static Optional<Topic> bySuffix(String suffix) {
    for (Topic topic : values()) {
      if (topic.suffix.equals(suffix)) {
        return Optional.of(topic);
      }
    }
    return Optional.empty();
  }

  /** Topic configurations that the log's meaning depends on. */
  public Map<String, String> configs() {
    Map<String, String> configs = new LinkedHashMap<>(retention.configs);
    configs.put("message.timestamp.type", "LogAppendTime");
    configs.put("max.message.bytes", String.valueOf(MAX_RECORD_BYTES));
    return configs;
  }
}
