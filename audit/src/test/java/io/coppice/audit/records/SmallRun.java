package io.coppice.audit.records;

import io.coppice.learning.encoding.Encoding;
import io.coppice.learning.model.Mask;
import io.coppice.learning.model.Shards;
import io.coppice.replay.LogTensors;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.AggregateShard;
import io.coppice.schemas.Architecture;
import io.coppice.schemas.CloseReason;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.Contributor;
import io.coppice.schemas.CostCoefficients;
import io.coppice.schemas.Encodings;
import io.coppice.schemas.Evaluation;
import io.coppice.schemas.EvaluationMode;
import io.coppice.schemas.ImportanceRounds;
import io.coppice.schemas.LedgerEntry;
import io.coppice.schemas.LocalTraining;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.Loss;
import io.coppice.schemas.MaskOrigin;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.Participation;
import io.coppice.schemas.PruningPolicy;
import io.coppice.schemas.Regrow;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.RunFinished;
import io.coppice.schemas.ShardKind;
import io.coppice.schemas.TensorEncoding;
import io.coppice.schemas.Topic;
import io.coppice.schemas.TrainingRun;
import io.coppice.schemas.TrustedRecords;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * Writes the records of a small run: an mlp on 4 x 4 pixels, its 35,503 parameters in shards of 4,000. What is written has the form
 * that the services give it; nothing was trained.
 */
public final class SmallRun {

  static {
    TrustedRecords.register();
  }

  private static final ByteBuffer NONE = ByteBuffer.allocate(0);

  private final ListEvidence log;
  private final RunDefinition run;

  private SmallRun(ListEvidence log, RunDefinition run) {
    this.log = log;
    this.run = run;
  }

  public static TrainingRun.Builder definition(String id) {
    return TrainingRun.newBuilder()
        .setRunId(id)
        .setCreatedAt(Instant.EPOCH)
        .setSeed(1)
        .setArchitecture(new Architecture("mlp", List.of(1, 4, 4), 3))
        .setLoss(Loss.BCE_WITH_LOGITS)
        .setTraining(new LocalTraining(5, 20, 0.1, 0.5))
        .setRounds(10)
        .setParticipation(new Participation(2, 1, 1000L, null))
        .setPruning(
            new PruningPolicy(
                "prunefl",
                4,
                0.3,
                10_000.0,
                null,
                Regrow.ZERO,
                ImportanceRounds.EVERY_ROUND,
                null,
                null,
                null))
        .setInitialPruning(null)
        .setEvaluation(new Evaluation(2, EvaluationMode.CENTRAL))
        .setCost(new CostCoefficients("test", 1.0, 2.0, List.of(3.0, 4.0, 5.0), null))
        .setEncoding(
            new Encodings(TensorEncoding.FLOAT32, TensorEncoding.FLOAT32, TensorEncoding.FLOAT32))
        .setShardValues(4_000)
        .setCheckpointEvery(5);
  }

  /** Defines a run. */
  public static SmallRun define(ListEvidence log, TrainingRun definition) {
    log.add(Topic.RUNS, 0, definition.getRunId(), definition);
    return new SmallRun(log, RunDefinition.of(definition, log.runs().getLast().since()));
  }

  public RunDefinition run() {
    return run;
  }

  /** Every weight. */
  public Mask full() {
    return Mask.full(run.layout());
  }

  /** Every other weight of every layer. */
  public Mask half() {
    List<BitSet> layers = new ArrayList<>();
    run.layout()
        .prunable()
        .forEach(
            weight -> {
              BitSet bits = new BitSet();
              for (int i = 0; i < weight.size(); i += 2) {
                bits.set(i);
              }
              layers.add(bits);
            });
    return Mask.of(run.layout(), layers);
  }

  /** Publishes a mask. */
  public MaskPublished mask(int version, int effectiveRound, Mask mask) {
    MaskPublished published =
        new MaskPublished(
            run.id(),
            version,
            effectiveRound,
            version == 0 ? MaskOrigin.INITIAL : MaskOrigin.RECONFIGURATION,
            LogTensors.toLog(mask),
            mask.activeParameters(),
            mask.density(),
            null,
            List.of(),
            null,
            null,
            NONE);
    published.setDigest(ContentDigest.of(published));
    log.add(Topic.MASKS, 0, run.id(), published);
    return published;
  }

  /**
   * Closes a round and writes its aggregate.
   *
   * @param active one value for every active parameter
   * @param agents the contributors
   */
  public void round(int round, int maskVersion, Mask mask, float[] active, String... agents) {
    close(round, maskVersion, mask, agents);
    aggregate(round, maskVersion, active);
  }

  /** Closes a round. */
  public void close(int round, int maskVersion, Mask mask, String... agents) {
    List<Contributor> contributors = new ArrayList<>();
    for (String agent : agents) {
      contributors.add(new Contributor(agent, 100L, NONE));
    }
    RoundClosed closed =
        new RoundClosed(
            round,
            maskVersion,
            false,
            CloseReason.ALL_REPORTED,
            contributors,
            run.shards().count(mask.activeParameters()),
            0,
            TensorEncoding.FLOAT32,
            Instant.EPOCH,
            NONE,
            NONE,
            NONE,
            NONE,
            NONE);
    closed.setDigest(ContentDigest.of(run.id(), closed));
    log.add(Topic.ROUNDS, 0, run.id(), new LedgerEntry(run.id(), closed));
  }

  /** Writes the aggregate of a round. */
  public void aggregate(int round, int maskVersion, float[] active) {
    Shards shards = run.shards();
    int count = shards.count(active.length);
    for (int s = 0; s < count; s++) {
      int length = shards.length(active.length, s);
      AggregateShard shard =
          new AggregateShard(
              run.id(),
              round,
              maskVersion,
              ShardKind.DELTA,
              s,
              count,
              TensorEncoding.FLOAT32,
              length,
              Encoding.FLOAT32.encode(active, shards.from(s), length),
              100L,
              List.of(),
              NONE);
      shard.setDigest(ContentDigest.of(shard));
      log.add(
          Topic.AGGREGATES,
          s % ListEvidence.PARTITIONS,
          LogKeys.shard(run.id(), ShardKind.DELTA, s),
          shard);
    }
  }

  /** Ends the run. */
  public RunFinished finish(int rounds) {
    RunFinished finished = new RunFinished(rounds, Instant.EPOCH, NONE, NONE, NONE, NONE);
    finished.setDigest(ContentDigest.of(run.id(), finished));
    log.add(Topic.ROUNDS, 0, run.id(), new LedgerEntry(run.id(), finished));
    return finished;
  }
}
