package io.coppice.aggregator.shards;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.coppice.aggregator.Fault;
import io.coppice.aggregator.InputRecords;
import io.coppice.aggregator.UnusableRecordException;
import io.coppice.aggregator.observe.ShardMeters;
import io.coppice.aggregator.observe.ShardMeters.Cause;
import io.coppice.aggregator.observe.Telemetry;
import io.coppice.aggregator.state.Reference;
import io.coppice.learning.encoding.Encoding;
import io.coppice.schemas.AggregateDigest;
import io.coppice.schemas.AggregateDigests;
import io.coppice.schemas.AggregateShard;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.Contribution;
import io.coppice.schemas.Contributor;
import io.coppice.schemas.LedgerEntry;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.RejectReason;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.RunContext;
import io.coppice.schemas.ShardDigest;
import io.coppice.schemas.ShardKind;
import io.coppice.schemas.Topic;
import io.coppice.schemas.UpdateChecked;
import io.coppice.schemas.UpdateShard;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The shard aggregator: checks the shards of client updates that lie in one partition, reports on each update, and when a round
 * closes emits the partition's part of the aggregate, and tells the round coordinator its digests.
 */
/*
 * The input topic is the state. A sum that lived in a store would be rewritten with every record, which costs as many bytes of
 * changelog as of input and seven times the throughput; a reference costs a tenth of a percent. So the sums are on the heap, and
 * the store says which offsets they were made of: after a crash or a rebalance init() reads exactly those again.
 *
 * Floating-point addition is not associative, so the order is part of the result: that of the offsets, whether a sum grew record
 * by record, was rebuilt, or is made anew from the contributors when the round closes. Which of the three it was cannot be seen
 * in the result.
 *
 * Whether an update counts is decided by the round coordinator, not here: a sum may hold a summand too many (an agent whose
 * submission was refused) or lack one (no room, or a second try that was admitted). RoundClosed names the contributors and their
 * submissions; a sum that is not exactly theirs is made again.
 */
public final class ShardAggregator implements Processor<byte[], byte[], byte[], SpecificRecord> {

  /** The one state store. */
  public static final String STORE = ReferenceStore.NAME;

  /** Sinks. */
  public static final String AGGREGATES = "aggregates";

  public static final String IMPORTANCE = "importance";

  public static final String CHECKS = "checks";
  public static final String DIGESTS = "digests";
  public static final String REJECTS = "shard-rejects";

  /** Values that the sums of a task may take on the heap: 64 MiB of doubles, 128 shards of the usual size. */
  public static final long DEFAULT_ROOM = 8L << 20;

  private static final Logger log = LoggerFactory.getLogger(ShardAggregator.class);

  private final LogSerdes serdes;
  private final String closesTopic;
  private final int partitions;
  private final Supplier<? extends UpdateLog> updateLogs;
  private final long room;
  private final Telemetry telemetry;

  private final Map<RoundId, OpenRound> openRounds = new HashMap<>();
  private ProcessorContext<byte[], SpecificRecord> context;
  private ReferenceStore references;
  private PartitionShards own;
  private UpdateLog updates;
  private ShardMeters meters;
  private float[] values = new float[0];

  /**
   * @param closesTopic full name of the topic by which the coordinator tells of closed rounds; what comes from another source is
   *     an update
   * @param partitions partitions of the topics by shard
   * @param updateLogs one log a task
   * @param room values that the sums of a task may take on the heap; beyond it rounds are summed when they close
   * @param telemetry is told what the task does
   */
  public ShardAggregator(
      LogSerdes serdes,
      String closesTopic,
      int partitions,
      Supplier<? extends UpdateLog> updateLogs,
      long room,
      Telemetry telemetry) {
    this.serdes = serdes;
    this.closesTopic = closesTopic;
    this.partitions = partitions;
    this.updateLogs = updateLogs;
    this.room = room;
    this.telemetry = telemetry;
  }

  /** The store that the processor needs: on disk, with a changelog, uncached because nothing is ever rewritten. */
  public static StoreBuilder<KeyValueStore<String, byte[]>> store() {
    return Stores.keyValueStoreBuilder(
        Stores.persistentKeyValueStore(STORE), Serdes.String(), Serdes.ByteArray());
  }

  @Override
  public void init(ProcessorContext<byte[], SpecificRecord> context) {
    this.context = context;
    this.references = new ReferenceStore(context.getStateStore(STORE));
    this.own = new PartitionShards(context.taskId().partition(), partitions);
    this.updates = updateLogs.get();
    this.meters = telemetry.shards(own.partition());
    rebuild();
    context.schedule(
        Telemetry.SWEEP, PunctuationType.WALL_CLOCK_TIME, now -> meters.forgetIdleRuns());
  }

  @Override
  public void close() {
    if (updates != null) {
      updates.close();
    }
    if (meters != null) {
      meters.close();
    }
  }

  @Override
  public void process(Record<byte[], byte[]> message) {
    RecordMetadata origin = context.recordMetadata().orElseThrow();
    try {
      if (origin.topic().equals(closesTopic)) {
        onClose(InputRecords.decode(serdes.closes, closesTopic, message.value()), message);
      } else {
        onUpdate(
            InputRecords.decode(serdes.updates, origin.topic(), message.value()),
            origin.offset(),
            message);
      }
    } catch (UnusableRecordException e) {
      log.debug("{}-{}@{}: {}", origin.topic(), origin.partition(), origin.offset(), e.fault());
      telemetry.recordRejected(
          origin.topic().equals(closesTopic) ? Topic.CLOSES : Topic.UPDATES, e.fault().reason());
      context.forward(
          message.withValue(InputRecords.rejected(origin, e.fault(), message.value())), REJECTS);
    }
  }

  // Updates

  private void onUpdate(UpdateShard shard, long offset, Record<byte[], byte[]> message)
      throws UnusableRecordException {
    UnusableRecordException.throwIf(ShardChecks.sender(shard));
    Optional<Fault> untimely = ShardChecks.round(shard, references.lastClosed(shard.getRunId()));
    if (untimely.isPresent()) {
      // The update came at the wrong time, but there is nothing wrong with the record: no copy of
      // it.
      report(shard, List.of(), untimely, message);
      return;
    }
    Summand summand;
    try {
      UnusableRecordException.throwIf(ShardChecks.key(shard, message.key()));
      summand = check(shard, offset);
    } catch (UnusableRecordException e) {
      report(shard, List.of(), Optional.of(e.fault()), message);
      throw e;
    }
    OpenRound round = openRounds.computeIfAbsent(summand.round(), id -> new OpenRound());
    Attempt attempt = round.attempt(summand);
    boolean repeated = attempt.has(summand.shard());
    if (!repeated) {
      references.put(summand);
      attempt.add(summand);
      round.accumulate(summand, values, room - valuesOnHeap());
      meters.taken(shard.getRunId(), message.value().length);
      meters.onHeap(openRounds.size(), valuesOnHeap());
    }
    if (attempt.isComplete(own)) {
      // Said again when a shard is repeated: the sender may have been rejected for another reason
      // and try the same again.
      report(shard, attempt.digests(), Optional.empty(), message);
    }
    if (repeated) {
      throw new UnusableRecordException(
          Fault.of(
              RejectReason.DUPLICATE,
              "%s shard %d of this submission is there already.",
              shard.getKind(),
              shard.getShard()));
    }
  }

  /** Checks a shard, and leaves its numbers in {@link #values}. */
  private Summand check(UpdateShard shard, long offset) throws UnusableRecordException {
    UnusableRecordException.throwIf(ShardChecks.fields(shard, own));
    decode(shard);
    UnusableRecordException.throwIf(ShardChecks.values(shard, values, shard.getValueCount()));
    Summand summand =
        new Summand(
            new RoundId(shard.getRunId(), shard.getRound()),
            new ShardId(shard.getKind(), shard.getShard()),
            offset,
            new Reference(
                shard.getAgentId(),
                shard.getSubmission(),
                shard.getMaskVersion(),
                shard.getWeight(),
                shard.getDeltaShards(),
                shard.getImportanceShards(),
                shard.getValueCount(),
                ContentDigest.ofBytes(shard.getValues())));
    OpenRound round = openRounds.get(summand.round());
    if (round != null
        && round
            .attempt(summand.attempt())
            .filter(a -> !a.agreesWith(summand.reference()))
            .isPresent()) {
      throw new UnusableRecordException(
          new Fault(
              RejectReason.MALFORMED,
              "Mask version, weight and numbers of shards must be the same in all shards of an"
                  + " update."));
    }
    return summand;
  }

  private void decode(UpdateShard shard) {
    if (values.length < shard.getValueCount()) {
      values = new float[shard.getValueCount()];
    }
    ShardChecks.encoding(shard).decode(shard.getValues(), values, 0, shard.getValueCount());
  }

  private void report(
      UpdateShard shard,
      List<ShardDigest> digests,
      Optional<Fault> fault,
      Record<byte[], byte[]> message) {
    UpdateChecked checked =
        new UpdateChecked(
            shard.getRunId(),
            shard.getRound(),
            shard.getAgentId(),
            shard.getSubmission(),
            own.partition(),
            shard.getMaskVersion(),
            shard.getWeight(),
            shard.getDeltaShards(),
            shard.getImportanceShards(),
            digests,
            fault.map(Fault::reason).orElse(null),
            fault.map(Fault::detail).orElse(""));
    context.forward(
        new Record<>(shard.getRunId().getBytes(UTF_8), checked, message.timestamp()), CHECKS);
  }

  // Closed rounds

  private void onClose(LedgerEntry entry, Record<byte[], byte[]> message)
      throws UnusableRecordException {
    if (!(entry.getEvent() instanceof RoundClosed closed)) {
      throw new UnusableRecordException(
          new Fault(RejectReason.MALFORMED, "Only closed rounds are told here."));
    }
    UnusableRecordException.throwIf(CloseChecks.close(entry.getRunId(), closed));
    try (RunContext _ = RunContext.of(entry.getRunId(), closed.getRound())) {
      close(new RoundId(entry.getRunId(), closed.getRound()), closed, message);
    }
  }

  private void close(RoundId id, RoundClosed closed, Record<byte[], byte[]> message)
      throws UnusableRecordException {
    if (closed.getRound()
        <= references.lastClosed(id.runId()).orElse(ShardChecks.BEFORE_ALL_ROUNDS)) {
      throw new UnusableRecordException(
          Fault.of(RejectReason.DUPLICATE, "Round %d is closed already.", closed.getRound()));
    }
    NavigableMap<ShardId, List<Summand>> summands = summands(id, closed);
    Map<ShardId, Accumulator> sums = sums(id, summands);
    long totalWeight = closed.getContributors().stream().mapToLong(Contributor::getWeight).sum();
    List<AggregateDigest> digests = new ArrayList<>();
    summands.forEach(
        (shard, parts) -> {
          AggregateShard aggregate =
              aggregate(id, closed, shard, parts, sums.get(shard), totalWeight);
          digests.add(new AggregateDigest(shard.kind(), shard.shard(), aggregate.getDigest()));
          byte[] key = LogKeys.shard(id.runId(), shard.kind(), shard.shard()).getBytes(UTF_8);
          meters.written(id.runId(), aggregate.getValues().remaining());
          context.forward(
              new Record<>(key, aggregate, message.timestamp()),
              shard.kind() == ShardKind.DELTA ? AGGREGATES : IMPORTANCE);
        });
    if (!digests.isEmpty()) {
      AggregateDigests made =
          new AggregateDigests(id.runId(), id.round(), own.partition(), digests);
      context.forward(new Record<>(id.runId().getBytes(UTF_8), made, message.timestamp()), DIGESTS);
    }
    forget(id);
    context.commit(); // everybody waits for the aggregates
    meters.closed(id.runId(), id.round());
    meters.onHeap(openRounds.size(), valuesOnHeap());
  }

  /** The contributors' records of every shard of this partition, in the order of their offsets. */
  private NavigableMap<ShardId, List<Summand>> summands(RoundId id, RoundClosed closed)
      throws UnusableRecordException {
    NavigableMap<ShardId, List<Summand>> summands = new TreeMap<>();
    own.of(closed.getDeltaShards())
        .forEach(k -> summands.put(new ShardId(ShardKind.DELTA, k), new ArrayList<>()));
    own.of(closed.getImportanceShards())
        .forEach(k -> summands.put(new ShardId(ShardKind.IMPORTANCE, k), new ArrayList<>()));
    OpenRound round = openRounds.getOrDefault(id, new OpenRound());
    for (var block : summands.entrySet()) {
      for (Contributor contributor : closed.getContributors()) {
        AttemptId attempt =
            new AttemptId(contributor.getAgentId(), contributor.getSubmissionDigest());
        block
            .getValue()
            .add(
                round
                    .attempt(attempt)
                    .flatMap(a -> a.summand(block.getKey()))
                    .orElseThrow(() -> missing(id, block.getKey(), contributor)));
      }
      block.getValue().sort(Comparator.comparingLong(Summand::offset));
      sameLength(block.getKey(), block.getValue());
    }
    return summands;
  }

  /**
   * The coordinator closes a round with nobody whose shards were not reported from here, so whoever has written this is not the
   * coordinator; the round stays as it is.
   */
  private UnusableRecordException missing(RoundId id, ShardId shard, Contributor contributor) {
    Fault fault =
        Fault.of(
            RejectReason.INCOMPLETE,
            "Round %d of run %s was closed with agent %s, but partition %d has not seen its %s"
                + " shard %d: the round coordinator and this aggregator do not agree.",
            id.round(),
            id.runId(),
            contributor.getAgentId(),
            own.partition(),
            shard.kind(),
            shard.shard());
    log.error("{}", fault.detail());
    meters.cannotClose(id.runId(), id.round(), fault.detail());
    return new UnusableRecordException(fault);
  }

  private static void sameLength(ShardId shard, List<Summand> parts)
      throws UnusableRecordException {
    if (parts.stream().map(part -> part.reference().getValueCount()).distinct().count() > 1) {
      throw new UnusableRecordException(
          Fault.of(
              RejectReason.WRONG_SHAPE,
              "The contributors' %s shards %d have different numbers of values.",
              shard.kind(),
              shard.shard()));
    }
  }

  /** For every shard the sum of exactly its summands: the one on the heap, or else a new one, all new ones in one reading. */
  private Map<ShardId, Accumulator> sums(
      RoundId id, NavigableMap<ShardId, List<Summand>> summands) {
    OpenRound round = openRounds.getOrDefault(id, new OpenRound());
    Map<ShardId, Accumulator> sums = new HashMap<>();
    NavigableMap<Long, Summand> again = new TreeMap<>();
    summands.forEach(
        (shard, parts) -> {
          Optional<Accumulator> ready = round.accumulator(shard).filter(a -> a.holdsExactly(parts));
          ready.ifPresentOrElse(
              a -> sums.put(shard, a), () -> parts.forEach(s -> again.put(s.offset(), s)));
        });
    if (!again.isEmpty()) {
      log.info("{}: {} records are read again for the contributors' sum", id, again.size());
      reread(
          Cause.CLOSE,
          again,
          s ->
              sums.computeIfAbsent(
                      s.shard(), k -> new Accumulator(k.kind(), s.reference().getValueCount()))
                  .add(s, values));
    }
    return sums;
  }

  private AggregateShard aggregate(
      RoundId id,
      RoundClosed closed,
      ShardId shard,
      List<Summand> parts,
      Accumulator sum,
      long totalWeight) {
    float[] result = sum.result(totalWeight);
    AggregateShard aggregate =
        new AggregateShard(
            id.runId(),
            id.round(),
            closed.getMaskVersion(),
            shard.kind(),
            shard.shard(),
            shard.kind() == ShardKind.DELTA
                ? closed.getDeltaShards()
                : closed.getImportanceShards(),
            closed.getEncoding(),
            result.length,
            Encoding.valueOf(closed.getEncoding().name()).encode(result, 0, result.length),
            totalWeight,
            parts.stream()
                .map(s -> new Contribution(s.reference().getAgentId(), s.offset()))
                .toList(),
            ByteBuffer.allocate(0));
    aggregate.setDigest(ContentDigest.of(aggregate));
    return aggregate;
  }

  private void forget(RoundId closed) {
    int first = references.lastClosed(closed.runId()).orElse(ShardChecks.BEFORE_ALL_ROUNDS) + 1;
    for (int r = first; r <= closed.round(); r++) {
      RoundId round = new RoundId(closed.runId(), r);
      references.deleteRound(round);
      openRounds.remove(round);
    }
    references.putLastClosed(closed);
  }

  // State

  /** Makes the heap what it was when the stored references were written. Also runs when Streams revives a task. */
  private void rebuild() {
    openRounds.clear();
    NavigableMap<Long, Summand> known = new TreeMap<>();
    references.forEach(summand -> known.put(summand.offset(), summand));
    if (known.isEmpty()) {
      return;
    }
    for (Summand summand : known.values()) {
      openRounds
          .computeIfAbsent(summand.round(), id -> new OpenRound())
          .attempt(summand)
          .add(summand);
    }
    reread(
        Cause.REBUILD,
        known,
        summand ->
            openRounds.get(summand.round()).accumulate(summand, values, room - valuesOnHeap()));
    meters.onHeap(openRounds.size(), valuesOnHeap());
    log.info(
        "{}: the sums of {} open rounds are rebuilt from {} records",
        context.taskId(),
        openRounds.size(),
        known.size());
  }

  /** Reads records again in the order of their offsets; each one's numbers are in {@link #values} when it is its turn. */
  private void reread(Cause cause, NavigableMap<Long, Summand> wanted, Consumer<Summand> action) {
    long start = System.nanoTime();
    updates.read(
        own.partition(),
        new TreeSet<>(wanted.keySet()),
        (offset, value) -> {
          UpdateShard shard = serdes.updates.deserialize("", value);
          Summand summand = wanted.get(offset);
          if (!ContentDigest.ofBytes(shard.getValues()).equals(summand.reference().getSha256())) {
            throw new IllegalStateException(
                "Offset "
                    + offset
                    + " of partition "
                    + own.partition()
                    + " of the updates holds another record than when it was checked.");
          }
          decode(shard);
          action.accept(summand);
        });
    meters.reread(cause, wanted.size(), System.nanoTime() - start);
  }

  private long valuesOnHeap() {
    return openRounds.values().stream().mapToLong(OpenRound::values).sum();
  }
}
