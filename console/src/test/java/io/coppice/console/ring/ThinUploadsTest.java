package io.coppice.console.ring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.audit.RunVerifier;
import io.coppice.audit.Verification;
import io.coppice.console.ring.RunLog.At;
import io.coppice.learning.data.Dataset;
import io.coppice.learning.data.Datasets;
import io.coppice.learning.data.Split;
import io.coppice.learning.model.Mask;
import io.coppice.replay.KafkaEvidence;
import io.coppice.replay.LogTensors;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.Participation;
import io.coppice.schemas.ShardKind;
import io.coppice.schemas.TensorEncoding;
import io.coppice.schemas.TrainingRun;
import io.coppice.schemas.UpdateShard;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs whose importance travels in 8 bits, of all parameters or of a share of them: they are aggregated, decided and verified as any. */
class ThinUploadsTest {

  private static final Path MNIST = Path.of("..", "data", "mnist");
  private static final double SHARE = 0.1;
  private static final List<String> AGENTS = List.of("agent-0", "agent-1");

  @TempDir private Path streams;

  @Test
  void importanceMayTravelInEightBitsAndInPart() throws Exception {
    Dataset train = Datasets.open(MNIST, Split.TRAIN).subset(IntStream.range(0, 100).toArray());
    Dataset test = Datasets.open(MNIST, Split.TEST).subset(IntStream.range(0, 50).toArray());
    try (Ring ring = new Ring(train, test, streams)) {
      allIsSent(finished(ring, "eight-bits", TensorEncoding.UFLOAT8, null));
      aShareIsSent(finished(ring, "share", TensorEncoding.SPARSE_UFLOAT8, SHARE));
    }
  }

  private static RunLog finished(Ring ring, String id, TensorEncoding encoding, Double share)
      throws Exception {
    TrainingRun.Builder run =
        TestRuns.prunefl(id, 6, new Participation(2, 2, TestRuns.NO_DEADLINE, null));
    run.getEncoding().setImportance(encoding);
    run.getPruning().setImportanceShare(share);
    RunDefinition definition = ring.define(run.build());
    for (String agent : AGENTS) {
      ring.startAgent(definition, agent);
    }
    RunLog log = ring.finish(definition);
    Proof.holdsFor(log);
    assertThat(log.masks).hasSize(3);
    assertThat(log.masks.getLast().getDensity()).isBetween(0.05, 0.95);
    try (KafkaEvidence evidence = new KafkaEvidence(ring.cluster(), ring.serdes())) {
      Verification verification =
          new RunVerifier(evidence, definition, RunVerifier.Options.all(), verdict -> {}).verify();
      assertThat(verification.violation()).isEmpty();
    }
    return log;
  }

  private static void allIsSent(RunLog log) {
    for (UpdateShard shard : importance(log)) {
      assertThat(shard.getEncoding()).isEqualTo(TensorEncoding.UFLOAT8);
      assertThat(shard.getValues().remaining()).isEqualTo(1 + shard.getValueCount());
    }
  }

  private static void aShareIsSent(RunLog log) {
    MaskPublished published = log.masks.get(1);
    Mask mask = LogTensors.fromLog(log.run().layout(), published.getLayers());
    int pruned = log.run().layout().prunableSize() - mask.kept();
    float[] active = mask.factors();
    for (String agent : AGENTS) {
      float[] sent = new float[active.length];
      int next = 0;
      long bytes = 0;
      for (UpdateShard shard : importance(log)) {
        if (shard.getAgentId().equals(agent) && shard.getMaskVersion() == published.getVersion()) {
          LogTensors.encoding(shard.getEncoding())
              .decode(shard.getValues(), sent, next, shard.getValueCount());
          next += shard.getValueCount();
          bytes += shard.getValues().remaining();
        }
      }
      assertThat(next).isEqualTo(sent.length);
      int[] nonZero = new int[2];
      for (int i = 0; i < sent.length; i++) {
        nonZero[(int) active[i]] += sent[i] == 0 ? 0 : 1;
      }
      // LeNet-5 has dead units, whose weights have no gradient; but not among the largest.
      assertThat(nonZero[0]).isEqualTo((int) (SHARE * pruned));
      assertThat(nonZero[1]).isGreaterThan(mask.kept() / 2);
      assertThat(bytes).isLessThan(sent.length);
    }
  }

  private static List<UpdateShard> importance(RunLog log) {
    List<UpdateShard> shards =
        log.updates.stream()
            .map(At::value)
            .filter(shard -> shard.getKind() == ShardKind.IMPORTANCE)
            .sorted(Comparator.comparingInt(UpdateShard::getShard))
            .toList();
    assertThat(shards).isNotEmpty();
    return shards;
  }
}
