package io.coppice.audit;

import io.coppice.replay.EvidenceSource;
import io.coppice.replay.LogRecord;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.AggregateShard;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.Topic;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Recomputes the aggregates of a run, round by round, the partitions of a round side by side. */
final class AggregateVerifier implements AutoCloseable {

  /**
   * A round's aggregates.
   *
   * @param shards deltas in order, then uploads in order
   * @param updateBytes bytes of the updates that were summed
   * @param firstOffsets for every partition of aggregates, that of the round's first record; empty where it has none
   */
  record Aggregates(
      List<AggregateShard> shards, long updateBytes, List<OptionalLong> firstOffsets) {

    /** What the next round commits to. */
    ByteBuffer digest() {
      return ContentDigest.ofAll(shards.stream().map(AggregateShard::getDigest).toList());
    }
  }

  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final List<PartitionVerifier> partitions = new ArrayList<>();
  private final ExecutorService pool;

  /**
   * @param aggregatesFrom for every partition, the offset from which the aggregates of the first round are found; empty to begin
   *     with the run
   * @param threads that work at a time, at least 1
   */
  AggregateVerifier(
      EvidenceSource source, RunDefinition run, Optional<List<Long>> aggregatesFrom, int threads) {
    for (int p = 0; p < source.partitions(Topic.UPDATES); p++) {
      OptionalLong from =
          aggregatesFrom.isPresent()
              ? OptionalLong.of(aggregatesFrom.get().get(p))
              : OptionalLong.empty();
      partitions.add(new PartitionVerifier(source, run, p, from));
    }
    pool =
        Executors.newFixedThreadPool(
            threads, Thread.ofPlatform().daemon().name("verifier-", 0).factory());
  }

  /**
   * Verifies a round.
   *
   * @throws Pending if an aggregate is not there (yet)
   * @throws Violation at the first record that does not hold, the lowest partition's first
   */
  Aggregates verify(RoundEvidence round) throws InterruptedException {
    List<Future<PartitionVerifier.Part>> running =
        partitions.stream().map(p -> pool.submit(() -> p.verify(round))).toList();
    List<AggregateShard> shards = new ArrayList<>();
    List<OptionalLong> firstOffsets = new ArrayList<>();
    long bytes = 0;
    RuntimeException failure = null;
    for (Future<PartitionVerifier.Part> part : running) {
      try {
        PartitionVerifier.Part done = part.get();
        shards.addAll(done.aggregates());
        firstOffsets.add(done.firstOffset());
        bytes += done.updateBytes();
      } catch (ExecutionException e) {
        failure = graver(failure, e);
      }
    }
    if (failure != null) {
      throw failure;
    }
    shards.sort(
        Comparator.comparing(AggregateShard::getKind).thenComparing(AggregateShard::getShard));
    return new Aggregates(shards, bytes, firstOffsets);
  }

  /** What is wrong comes before what may still be to come, and the first before the second. */
  private static RuntimeException graver(RuntimeException known, ExecutionException found) {
    if (!(found.getCause() instanceof RuntimeException failure)) {
      return new IllegalStateException(found.getCause());
    }
    return known == null || (known instanceof Pending && !(failure instanceof Pending))
        ? failure
        : known;
  }

  /** An aggregate behind those that were verified; empty if there is none. */
  Optional<LogRecord> more() {
    return partitions.stream().map(PartitionVerifier::more).flatMap(Optional::stream).findFirst();
  }

  /**
   * Checks that there are no aggregates behind those that were verified.
   *
   * @throws Violation at the first
   */
  void checkEnd() {
    partitions.forEach(PartitionVerifier::checkEnd);
  }

  @Override
  public void close() {
    pool.shutdownNow();
    try {
      if (!pool.awaitTermination(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        return; // whoever still reads keeps its connection
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return;
    }
    partitions.forEach(PartitionVerifier::close);
  }
}
