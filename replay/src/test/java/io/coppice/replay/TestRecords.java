package io.coppice.replay;

import io.coppice.learning.encoding.Encoding;
import io.coppice.learning.model.Mask;
import io.coppice.learning.model.Shards;
import io.coppice.schemas.AggregateShard;
import io.coppice.schemas.Architecture;
import io.coppice.schemas.CloseReason;
import io.coppice.schemas.Contribution;
import io.coppice.schemas.Contributor;
import io.coppice.schemas.CostCoefficients;
import io.coppice.schemas.Encodings;
import io.coppice.schemas.Evaluation;
import io.coppice.schemas.EvaluationMode;
import io.coppice.schemas.ImportanceRounds;
import io.coppice.schemas.LocalTraining;
import io.coppice.schemas.Loss;
import io.coppice.schemas.MaskOrigin;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.Participation;
import io.coppice.schemas.PruningPolicy;
import io.coppice.schemas.Regrow;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.ShardKind;
import io.coppice.schemas.TensorEncoding;
import io.coppice.schemas.TrainingRun;
import io.coppice.schemas.TrustedRecords;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/** Records of a small run: an mlp on 4 x 4 pixels, its 35,000 parameters in shards of 9,000. */
final class TestRecords {

  private static final ByteBuffer NONE = ByteBuffer.allocate(0);

  static {
    TrustedRecords.register();
  }

  private TestRecords() {}

  static RunDefinition run(Regrow regrow) {
    return RunDefinition.of(definition(regrow).build(), 42);
  }

  static TrainingRun.Builder definition(Regrow regrow) {
    return TrainingRun.newBuilder()
        .setRunId("run")
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
                regrow,
                ImportanceRounds.EVERY_ROUND,
                null,
                null,
                null))
        .setInitialPruning(null)
        .setEvaluation(new Evaluation(2, EvaluationMode.CENTRAL))
        .setCost(new CostCoefficients("test", 1.0, 2.0, List.of(3.0, 4.0, 5.0), null))
        .setEncoding(
            new Encodings(TensorEncoding.FLOAT32, TensorEncoding.FLOAT32, TensorEncoding.FLOAT32))
        .setShardValues(9000)
        .setCheckpointEvery(5);
  }

  /** A mask that keeps the weights of every layer whose index has this remainder modulo 2. */
  static Mask half(RunDefinition run, int remainder) {
    List<BitSet> layers = new ArrayList<>();
    run.layout()
        .prunable()
        .forEach(
            weight -> {
              BitSet bits = new BitSet();
              for (int i = remainder; i < weight.size(); i += 2) {
                bits.set(i);
              }
              layers.add(bits);
            });
    return Mask.of(run.layout(), layers);
  }

  static MaskPublished published(int version, int effectiveRound, Mask mask) {
    return new MaskPublished(
        "run",
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
  }

  static RoundClosed closed(RunDefinition run, int round, int maskVersion, Mask mask) {
    return closed(run, round, maskVersion, mask, false);
  }

  static RoundClosed closed(
      RunDefinition run, int round, int maskVersion, Mask mask, boolean importance) {
    Shards shards = run.shards();
    return new RoundClosed(
        round,
        maskVersion,
        importance,
        CloseReason.ALL_REPORTED,
        List.of(new Contributor("a", 1L, NONE)),
        shards.count(mask.activeParameters()),
        importance ? shards.count(run.layout().size()) : 0,
        TensorEncoding.FLOAT32,
        Instant.EPOCH,
        NONE,
        NONE,
        NONE,
        NONE,
        NONE);
  }

  /** The blocks of an aggregate whose values are all the same. */
  static List<AggregateShard> aggregate(
      RunDefinition run, ShardKind kind, int round, int maskVersion, int length, float value) {
    float[] values = new float[length];
    java.util.Arrays.fill(values, value);
    Shards shards = run.shards();
    List<AggregateShard> blocks = new ArrayList<>();
    for (int s = 0; s < shards.count(length); s++) {
      int count = shards.length(length, s);
      blocks.add(
          new AggregateShard(
              "run",
              round,
              maskVersion,
              kind,
              s,
              shards.count(length),
              TensorEncoding.FLOAT32,
              count,
              Encoding.FLOAT32.encode(values, shards.from(s), count),
              1L,
              List.of(new Contribution("a", 0L)),
              NONE));
    }
    return blocks;
  }
}
