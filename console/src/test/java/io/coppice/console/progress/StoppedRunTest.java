package io.coppice.console.progress;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.embedded.EmbeddedCluster;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.Runs;
import io.coppice.replay.TransactionalWriter;
import io.coppice.schemas.Architecture;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.CostCoefficients;
import io.coppice.schemas.Encodings;
import io.coppice.schemas.Evaluation;
import io.coppice.schemas.EvaluationMode;
import io.coppice.schemas.LedgerEntry;
import io.coppice.schemas.LocalTraining;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.Loss;
import io.coppice.schemas.Participation;
import io.coppice.schemas.PruningPolicy;
import io.coppice.schemas.Regrow;
import io.coppice.schemas.RunResumed;
import io.coppice.schemas.RunStopped;
import io.coppice.schemas.TensorEncoding;
import io.coppice.schemas.Topic;
import io.coppice.schemas.TopicCatalogue.Sizing;
import io.coppice.schemas.TrainingRun;
import io.coppice.schemas.TrustedRecords;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jline.utils.AttributedString;
import org.junit.jupiter.api.Test;

/** A run that is stopped does not look as if it were stuck. */
class StoppedRunTest {

  private final StringWriter printed = new StringWriter();

  @Test
  void itSaysThatItIsStoppedAndByWhomAndWhyAndThatItGoesOn() throws Exception {
    TrustedRecords.register();
    try (EmbeddedCluster embedded =
        EmbeddedCluster.startTemporary(new Sizing(1, 1, Optional.empty()))) {
      ClusterConfig cluster = embedded.config();
      LogSerdes serdes = new LogSerdes(cluster.newRegistry());
      RunDefinition run = Runs.define(cluster, serdes, definition());
      try (RunMonitor monitor = new RunMonitor(cluster, serdes, run);
          TransactionalWriter writer = new TransactionalWriter(cluster, "ledger", run.id());
          RunDisplay plain = new PlainDisplay(new PrintWriter(printed), "run: ")) {
        plain.show(monitor);
        assertThat(monitor.isStopped()).isFalse();

        RunStopped stop = new RunStopped(-1, "the lab\u001b[2J\nmoves", "ann@desk", Instant.EPOCH);
        append(writer, serdes, run, stop);
        awaitStopped(monitor, true);
        assertThat(monitor.stopped()).contains(stop);
        plain.show(monitor);
        plain.show(monitor);
        assertThat(printed.toString().lines())
            .containsExactly("run: stopped by ann@desk: the lab [2J moves");
        assertThat(LiveDisplay.lines(monitor))
            .extracting(AttributedString::toString)
            .contains("stopped by ann@desk: the lab [2J moves");

        append(writer, serdes, run, new RunResumed(-1, "", "", Instant.EPOCH));
        awaitStopped(monitor, false);
        plain.show(monitor);
        assertThat(printed.toString().lines()).last().isEqualTo("run: resumed");
        assertThat(LiveDisplay.lines(monitor))
            .extracting(AttributedString::toString)
            .noneMatch(line -> line.contains("stopped"));
      }
    }
  }

  @Test
  void aStopWithoutReasonOrIssuerIsOneWord() {
    assertThat(StopText.of(new RunStopped(3, "", "", Instant.EPOCH))).isEqualTo("stopped");
  }

  private static void append(
      TransactionalWriter writer, LogSerdes serdes, RunDefinition run, Object event) {
    writer.begin();
    writer.sendByRun(Topic.ROUNDS, serdes.rounds, run.id(), new LedgerEntry(run.id(), event));
    writer.commit();
  }

  private static void awaitStopped(RunMonitor monitor, boolean stopped) {
    while (monitor.isStopped() != stopped) {
      monitor.poll(Duration.ofMillis(100));
    }
  }

  private static TrainingRun definition() {
    return TrainingRun.newBuilder()
        .setRunId("watched")
        .setCreatedAt(Instant.EPOCH)
        .setSeed(1)
        .setArchitecture(new Architecture("mlp", List.of(1, 4, 4), 3))
        .setLoss(Loss.SOFTMAX_CROSS_ENTROPY)
        .setTraining(new LocalTraining(1, 5, 0.1, 1.0))
        .setRounds(2)
        .setParticipation(new Participation(1, 1, 1000L, null))
        .setPruning(
            PruningPolicy.newBuilder()
                .setPolicy("none")
                .setReconfigureEvery(1)
                .setMaxDecrease(0)
                .setHalfLife(1)
                .setRegrow(Regrow.ZERO)
                .build())
        .setEvaluation(new Evaluation(1, EvaluationMode.CENTRAL))
        .setCost(new CostCoefficients("none", 1.0, 1.0, List.of(1.0, 1.0, 1.0), null))
        .setEncoding(
            new Encodings(TensorEncoding.FLOAT32, TensorEncoding.FLOAT32, TensorEncoding.FLOAT32))
        .build();
  }
}
