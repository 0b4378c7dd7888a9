package io.coppice.audit;

import io.coppice.learning.aggregation.WeightedSum;
import io.coppice.learning.encoding.Encoding;
import io.coppice.replay.EvidenceSource;
import io.coppice.replay.LogRecord;
import io.coppice.replay.LogTensors;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.AggregateShard;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.Contribution;
import io.coppice.schemas.Contributor;
import io.coppice.schemas.ShardKind;
import io.coppice.schemas.Topic;
import io.coppice.schemas.UpdateShard;
import io.coppice.schemas.UpdateSubmitted;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Recomputes the aggregates of one partition, round by round. The aggregates of a round are read first; they name the updates that
 * were summed, which are then read once, in their order, and summed again. What is kept is the partition's share of one
 * aggregate, whatever the number of agents.
 */
final class PartitionVerifier implements AutoCloseable {

  /**
   * What a round has in the partition.
   *
   * @param aggregates shards by kind and index
   * @param updateBytes bytes of the updates that were summed
   * @param firstOffset of the round in topic aggregates; empty if it has no delta here
   */
  record Part(List<AggregateShard> aggregates, long updateBytes, OptionalLong firstOffset) {}

  private final EvidenceSource source;
  private final RunDefinition run;
  private final int partition;
  private final int partitions;
  private final OptionalLong aggregatesFrom;
  private final boolean fromStart;

  private PeekingCursor aggregates;
  private PeekingCursor importance;
  private PeekingCursor updates;
  private float[] values = new float[0];

  /** An aggregate that is being recomputed. */
  private static final class Recomputed {
    private final LogRecord record;
    private final AggregateShard aggregate;
    private final WeightedSum sum;

    Recomputed(LogRecord record, AggregateShard aggregate) {
      this.record = record;
      this.aggregate = aggregate;
      this.sum = new WeightedSum(aggregate.getValueCount());
    }
  }

  /** An update that is a part of it. */
  private record Summand(Recomputed into, Contribution contribution) {}

  /**
   * @param aggregatesFrom offset in topic aggregates behind which the first round to be verified lies; empty for the run's first
   */
  PartitionVerifier(
      EvidenceSource source, RunDefinition run, int partition, OptionalLong aggregatesFrom) {
    this.source = source;
    this.run = run;
    this.partition = partition;
    this.partitions = source.partitions(Topic.UPDATES);
    this.aggregatesFrom = aggregatesFrom;
    this.fromStart = aggregatesFrom.isEmpty();
  }

  /**
   * Verifies what a round has in the partition.
   *
   * @throws Pending if an aggregate is not there (yet)
   * @throws Violation at the first record that does not hold
   */
  Part verify(RoundEvidence round) {
    List<Recomputed> found = new ArrayList<>();
    OptionalLong firstOffset = OptionalLong.empty();
    int deltas = count(round, ShardKind.DELTA);
    if (deltas > 0) {
      openAggregates();
      read(aggregates, Topic.AGGREGATES, ShardKind.DELTA, round, deltas, found);
      firstOffset = OptionalLong.of(found.getFirst().record.offset());
    }
    int uploads = count(round, ShardKind.IMPORTANCE);
    if (uploads > 0) {
      openImportance(round.round());
      read(importance, Topic.IMPORTANCE, ShardKind.IMPORTANCE, round, uploads, found);
    }
    long bytes = sum(round, found);
    for (Recomputed aggregate : found) {
      compare(round, aggregate);
    }
    return new Part(found.stream().map(f -> f.aggregate).toList(), bytes, firstOffset);
  }

  /** The first aggregate behind those that were verified; empty if there is none. */
  Optional<LogRecord> more() {
    openAggregates();
    return aggregates.peek();
  }

  /**
   * Checks that there are no more aggregates.
   *
   * @throws Violation at the first
   */
  void checkEnd() {
    openAggregates();
    openImportance(Integer.MAX_VALUE);
    for (PeekingCursor rest : List.of(aggregates, importance)) {
      Optional<LogRecord> more = rest.peek();
      if (more.isPresent()) {
        throw Violation.at(more.get(), "", "it is behind the last aggregate of the run.");
      }
    }
  }

  /** Shards of a kind that lie in this partition. */
  private int count(RoundEvidence round, ShardKind kind) {
    return Math.ceilDiv(Math.max(0, round.count(kind) - partition), partitions);
  }

  private void openAggregates() {
    if (aggregates == null) {
      aggregates =
          new PeekingCursor(
              aggregatesFrom.isPresent()
                  ? source.readFrom(run, Topic.AGGREGATES, partition, aggregatesFrom.getAsLong())
                  : source.read(run, Topic.AGGREGATES, partition));
    }
  }

  private void openImportance(int round) {
    if (importance == null) {
      importance = new PeekingCursor(source.read(run, Topic.IMPORTANCE, partition));
      while (!fromStart && isBefore(importance.peek(), round)) {
        importance.next();
      }
    }
  }

  private static boolean isBefore(Optional<LogRecord> record, int round) {
    return record.isPresent()
        && record.get().value() instanceof AggregateShard shard
        && shard.getRound() < round;
  }

  // Aggregates

  private void read(
      PeekingCursor cursor,
      Topic topic,
      ShardKind kind,
      RoundEvidence round,
      int count,
      List<Recomputed> found) {
    for (int i = 0; i < count; i++) {
      Optional<LogRecord> next = cursor.peek();
      if (next.isEmpty()) {
        throw new Pending(
            Violation.missing(
                topic,
                partition,
                String.format(
                    "round %d is closed, but %d of its %d shards in this partition are not there.",
                    round.round(), count - i, count)));
      }
      AggregateShard aggregate = PeekingCursor.value(next.get(), AggregateShard.class);
      check(next.get(), aggregate, kind, partition + i * partitions, round);
      found.add(new Recomputed(next.get(), aggregate));
      cursor.next();
    }
  }

  private void check(
      LogRecord record, AggregateShard aggregate, ShardKind kind, int shard, RoundEvidence round) {
    if (aggregate.getRound() != round.round()) {
      throw Violation.at(
          record,
          "round",
          String.format(
              "an aggregate of round %d stands where one of round %d is due.",
              aggregate.getRound(), round.round()));
    }
    if (!aggregate.getDigest().equals(ContentDigest.of(aggregate))) {
      throw Violation.at(record, "digest", "it is not that of the content.");
    }
    if (!aggregate.getRunId().equals(run.id())
        || aggregate.getKind() != kind
        || aggregate.getShards() != round.count(kind)
        || aggregate.getShard() != shard) {
      throw Violation.at(
          record,
          "shard",
          String.format(
              "%s shard %d of %d stands where %s shard %d of %d is due.",
              aggregate.getKind(),
              aggregate.getShard(),
              aggregate.getShards(),
              kind,
              shard,
              round.count(kind)));
    }
    if (aggregate.getMaskVersion() != round.closed().getMaskVersion()
        || aggregate.getEncoding() != round.closed().getEncoding()
        || aggregate.getValueCount() != round.length(kind, aggregate.getShard())) {
      throw Violation.at(
          record, "valueCount", "mask, encoding or number of values are not those of the round.");
    }
    if (aggregate.getTotalWeight() != round.totalWeight()) {
      throw Violation.at(
          record,
          "totalWeight",
          String.format(
              "it is %d, but the contributors' weights add up to %d.",
              aggregate.getTotalWeight(), round.totalWeight()));
    }
    checkContributions(record, aggregate, round);
  }

  private static void checkContributions(
      LogRecord record, AggregateShard aggregate, RoundEvidence round) {
    Set<String> contributors =
        round.closed().getContributors().stream()
            .map(Contributor::getAgentId)
            .collect(Collectors.toSet());
    long last = -1;
    for (int i = 0; i < aggregate.getContributions().size(); i++) {
      Contribution contribution = aggregate.getContributions().get(i);
      String field = "contributions[" + i + "]";
      if (!contributors.remove(contribution.getAgentId())) {
        throw Violation.at(
            record,
            field + ".agentId",
            "agent "
                + contribution.getAgentId()
                + " is none of the round's contributors, or there twice.");
      }
      if (contribution.getOffset() <= last) {
        throw Violation.at(
            record, field + ".offset", "contributions are in the order of their offsets.");
      }
      last = contribution.getOffset();
    }
    if (!contributors.isEmpty()) {
      throw Violation.at(
          record, "contributions", "the round's contributors " + contributors + " are left out.");
    }
  }

  // Updates

  private long sum(RoundEvidence round, List<Recomputed> found) {
    TreeMap<Long, Summand> wanted = new TreeMap<>();
    for (Recomputed aggregate : found) {
      for (Contribution contribution : aggregate.aggregate.getContributions()) {
        if (wanted.put(contribution.getOffset(), new Summand(aggregate, contribution)) != null) {
          throw Violation.at(
              aggregate.record,
              "contributions",
              "offset " + contribution.getOffset() + " is a summand of two aggregates.");
        }
      }
    }
    if (wanted.isEmpty()) {
      return 0;
    }
    if (updates == null) {
      updates =
          new PeekingCursor(
              fromStart
                  ? source.read(run, Topic.UPDATES, partition)
                  : source.readFrom(run, Topic.UPDATES, partition, wanted.firstKey()));
    }
    long bytes = 0;
    for (Summand summand : wanted.values()) {
      bytes += add(update(summand), summand, round);
    }
    return bytes;
  }

  private LogRecord update(Summand summand) {
    long offset = summand.contribution().getOffset();
    while (updates.peek().filter(record -> record.offset() < offset).isPresent()) {
      updates.next();
    }
    if (updates.peek().filter(record -> record.offset() == offset).isEmpty()) {
      throw Violation.at(
          Topic.UPDATES,
          partition,
          offset,
          "",
          "the record is not there, but " + summand.into().record.position() + " has summed it.");
    }
    return updates.next().orElseThrow();
  }

  private long add(LogRecord record, Summand summand, RoundEvidence round) {
    UpdateShard update = PeekingCursor.value(record, UpdateShard.class);
    AggregateShard aggregate = summand.into().aggregate;
    String agentId = summand.contribution().getAgentId();
    UpdateSubmitted submission = round.submissions().get(agentId);
    String wrong = firstWrongField(update, aggregate, submission, round);
    if (wrong != null) {
      throw Violation.at(
          record,
          wrong,
          String.format(
              "it is not that of agent %s's %s shard %d for round %d, which %s has summed from here.",
              agentId,
              aggregate.getKind(),
              aggregate.getShard(),
              aggregate.getRound(),
              summand.into().record.position()));
    }
    Encoding encoding = LogTensors.encoding(update.getEncoding());
    if (encoding.fault(update.getValues(), update.getValueCount()).isPresent()) {
      throw Violation.at(record, "values", "they are not as many as valueCount says.");
    }
    if (!ContentDigest.ofBytes(update.getValues())
        .equals(round.sha256(submission, aggregate.getKind(), aggregate.getShard()))) {
      throw Violation.at(
          record, "values", "they are not those that agent " + agentId + " has submitted.");
    }
    decode(record, update, encoding);
    summand
        .into()
        .sum
        .add(values, aggregate.getKind() == ShardKind.DELTA ? submission.getWeight() : 1);
    return update.getValues().remaining();
  }

  private void decode(LogRecord record, UpdateShard update, Encoding encoding) {
    if (values.length < update.getValueCount()) {
      values = new float[update.getValueCount()];
    }
    encoding.decode(update.getValues(), values, 0, update.getValueCount());
    for (int i = 0; i < update.getValueCount(); i++) {
      if (!Float.isFinite(values[i])) {
        throw Violation.at(
            record, "values", "value " + i + " is " + values[i] + ", but the update was counted.");
      }
    }
  }

  private String firstWrongField(
      UpdateShard update,
      AggregateShard aggregate,
      UpdateSubmitted submission,
      RoundEvidence round) {
    if (!update.getAgentId().equals(submission.getAgentId())) {
      return "agentId";
    }
    if (!update.getRunId().equals(run.id())) {
      return "runId";
    }
    if (update.getRound() != aggregate.getRound()) {
      return "round";
    }
    if (update.getKind() != aggregate.getKind()) {
      return "kind";
    }
    if (update.getShard() != aggregate.getShard()) {
      return "shard";
    }
    if (!update.getSubmission().equals(round.digests().get(submission.getAgentId()))) {
      return "submission";
    }
    if (update.getMaskVersion() != aggregate.getMaskVersion()) {
      return "maskVersion";
    }
    if (update.getWeight() != submission.getWeight()) {
      return "weight";
    }
    if (update.getDeltaShards() != round.count(ShardKind.DELTA)) {
      return "deltaShards";
    }
    if (update.getImportanceShards() != round.count(ShardKind.IMPORTANCE)) {
      return "importanceShards";
    }
    return update.getValueCount() == aggregate.getValueCount() ? null : "valueCount";
  }

  private static void compare(RoundEvidence round, Recomputed recomputed) {
    AggregateShard aggregate = recomputed.aggregate;
    float[] result =
        recomputed.sum.dividedBy(aggregate.getKind() == ShardKind.DELTA ? round.totalWeight() : 1);
    ByteBuffer encoded =
        LogTensors.encoding(aggregate.getEncoding()).encode(result, 0, result.length);
    int differs = encoded.mismatch(aggregate.getValues());
    if (differs >= 0) {
      throw Violation.at(
          recomputed.record,
          "values",
          String.format(
              "value %d is not the sum of the contributions.",
              differs / LogTensors.encoding(aggregate.getEncoding()).bytesPerValue()));
    }
  }

  @Override
  public void close() {
    for (PeekingCursor cursor : new PeekingCursor[] {aggregates, importance, updates}) {
      if (cursor != null) {
        cursor.close();
      }
    }
  }
}
