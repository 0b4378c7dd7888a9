package io.coppice.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.model.RandomMask;
import io.coppice.learning.pruning.LargestImportance;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.Architecture;
import io.coppice.schemas.CostCoefficients;
import io.coppice.schemas.Encodings;
import io.coppice.schemas.Evaluation;
import io.coppice.schemas.EvaluationMode;
import io.coppice.schemas.LocalTraining;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.Loss;
import io.coppice.schemas.Participation;
import io.coppice.schemas.PruningPolicy;
import io.coppice.schemas.Regrow;
import io.coppice.schemas.SchemaRegistry;
import io.coppice.schemas.Signatures;
import io.coppice.schemas.TensorEncoding;
import io.coppice.schemas.TrainingRun;
import io.coppice.schemas.TrustedRecords;
import io.coppice.schemas.UpdateShard;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.apache.avro.Schema;
import org.junit.jupiter.api.Test;

/** How many bytes an agent sends at a density of 10 %, all records of its transaction with their keys. */
class UploadBytesTest {

  private static final double DENSITY = 0.1;
  private static final String AGENT = "agent-0";

  /** More than what Kafka adds to a record's key and value: lengths, timestamp, offset and a batch of its own. */
  private static final int KAFKA_BYTES_A_RECORD = 100;

  /** Figures of an upload, in bytes; the reference is the dense model in FLOAT32. */
  private record Upload(long payload, long sent, long dense) {

    double share() {
      return (double) sent / dense;
    }
  }

  @Test
  void anUpdateOfConv2IsATenthOfTheDenseModel() {
    Upload float32 =
        upload("conv2", 62, TensorEncoding.FLOAT32, TensorEncoding.FLOAT32, null, false);
    assertThat(float32.dense()).isEqualTo(4 * 6_603_710L);
    assertThat(float32.share()).isBetween(0.1, 0.102);

    Upload bfloat16 =
        upload("conv2", 62, TensorEncoding.BFLOAT16, TensorEncoding.BFLOAT16, null, false);
    assertThat(bfloat16.share()).isBetween(0.05, 0.052);
  }

  @Test
  void anUpdateOfConv2WithImportanceIsLessThanHalfOfIt() {
    Upload all = upload("conv2", 62, TensorEncoding.FLOAT32, TensorEncoding.UFLOAT8, null, true);
    assertThat(all.share()).isBetween(0.35, 0.352);

    Upload share =
        upload("conv2", 62, TensorEncoding.BFLOAT16, TensorEncoding.SPARSE_UFLOAT8, 0.1, true);
    assertThat(share.share()).isBetween(0.12, 0.15);
  }

  /** Of a small model biases, which are always sent, and digests are more than they are of a large one. */
  @Test
  void anUpdateOfLeNet5IsATenthOfItsWeightsAndAllBiases() {
    Upload upload =
        upload("lenet5", 10, TensorEncoding.FLOAT32, TensorEncoding.FLOAT32, null, false);
    assertThat(upload.dense()).isEqualTo(4 * 61_706L);
    assertThat(upload.payload()).isEqualTo(4 * (6_147L + 236L));
    assertThat(upload.sent() - upload.payload()).isLessThan(800);
    assertThat(upload.share()).isBetween(0.103, 0.107);
  }

  private static Upload upload(
      String network,
      int classes,
      TensorEncoding delta,
      TensorEncoding importance,
      Double share,
      boolean reconfiguration) {
    TrustedRecords.register();
    RunDefinition run = RunDefinition.of(run(network, classes, delta, importance, share), 0);
    Mask mask = RandomMask.of(run.layout(), DENSITY, 1);
    ClientUpdate update =
        new ClientUpdate(
            100,
            4,
            100,
            0.5,
            0.25,
            new float[mask.activeParameters()],
            reconfiguration ? Optional.of(importance(mask, share)) : Optional.empty(),
            Optional.empty(),
            Optional.empty());
    ClientUpdate.Records records =
        update.toRecords(run, AGENT, Optional.of(Signatures.newKeyPair().getPrivate()));
    LogSerdes serdes = new LogSerdes(new FirstSchema());
    long sent = bytes(run.id(), serdes.submissions.serialize("submissions", records.submission()));
    long payload = 0;
    for (UpdateShard shard : records.shards()) {
      payload += shard.getValues().remaining();
      sent +=
          bytes(
              LogKeys.shard(run.id(), shard.getKind(), shard.getShard()),
              serdes.updates.serialize("updates", shard));
    }
    assertThat(records.submission().getPayloadBytes()).isEqualTo(payload);
    return new Upload(payload, sent, 4L * run.layout().size());
  }

  private static long bytes(String key, byte[] value) {
    return (long) key.length() + value.length + KAFKA_BYTES_A_RECORD;
  }

  /** Positive throughout, so that no value of the share is left out for being zero. */
  private static float[] importance(Mask mask, Double share) {
    ParameterLayout layout = mask.layout();
    SplittableRandom random = new SplittableRandom(1);
    float[] importance = new float[layout.size()];
    for (int i = 0; i < importance.length; i++) {
      importance[i] = (float) Math.exp(4 * random.nextGaussian());
    }
    if (share != null) {
      LargestImportance.keep(mask, importance, share);
    }
    return importance;
  }

  private static TrainingRun run(
      String network, int classes, TensorEncoding delta, TensorEncoding importance, Double share) {
    int layers =
        io.coppice.learning.nn.Architecture.of(network, 1, 28, 28, classes)
            .layout()
            .prunable()
            .size();
    return TrainingRun.newBuilder()
        .setRunId("demo-20261123-120000")
        .setCreatedAt(Instant.EPOCH)
        .setSeed(1)
        .setArchitecture(new Architecture(network, List.of(1, 28, 28), classes))
        .setLoss(Loss.SOFTMAX_CROSS_ENTROPY)
        .setTraining(new LocalTraining(5, 20, 0.1, 1.0))
        .setRounds(1000)
        .setParticipation(new Participation(10, 5, 1000L, null))
        .setPruning(
            PruningPolicy.newBuilder()
                .setPolicy("prunefl")
                .setReconfigureEvery(50)
                .setMaxDecrease(0.3)
                .setHalfLife(10_000)
                .setRegrow(Regrow.LAST_VALUE)
                .setImportanceShare(share)
                .build())
        .setEvaluation(new Evaluation(10, EvaluationMode.CENTRAL))
        .setCost(new CostCoefficients("test", 1.0, 1.0, Collections.nCopies(layers, 1.0), null))
        .setEncoding(new Encodings(delta, importance, TensorEncoding.FLOAT32))
        .build();
  }

  /** A registry that knows every schema under the id 1, which has as many bytes as any other. */
  private static final class FirstSchema implements SchemaRegistry {
    @Override
    public int idOf(String subject, Schema schema) {
      return 1;
    }

    @Override
    public Schema schemaOf(int id) {
      throw new UnknownSchemaException("Nothing is read here.", null);
    }
  }
}
