package io.coppice.console.ring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coppice.audit.RunVerifier;
import io.coppice.audit.Verification;
import io.coppice.audit.bundle.BundleEvidence;
import io.coppice.audit.bundle.BundleWriter;
import io.coppice.embedded.EmbeddedCluster;
import io.coppice.replay.EvidenceSource;
import io.coppice.replay.KafkaEvidence;
import io.coppice.replay.LogReader;
import io.coppice.replay.RecordCursor;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.Runs;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.Participation;
import io.coppice.schemas.RunAction;
import io.coppice.schemas.RunCommand;
import io.coppice.schemas.Topic;
import io.coppice.schemas.TopicCatalogue;
import io.coppice.schemas.TopicCatalogue.Sizing;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.clients.admin.Admin;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands on their way into the log, and logs that were made before there were commands. */
class CommandsTest {

  private static final Sizing SIZING = new Sizing(2, 3, Optional.empty());

  private static EmbeddedCluster embedded;
  private static ClusterConfig cluster;
  private static LogSerdes serdes;

  @TempDir Path directory;

  @BeforeAll
  static void start() {
    embedded = EmbeddedCluster.startTemporary(SIZING);
    cluster = embedded.config();
    serdes = new LogSerdes(cluster.newRegistry());
  }

  @AfterAll
  static void stop() {
    embedded.close();
  }

  @Test
  void aCommandLiesWhereItsRunDoes() throws Exception {
    RunDefinition run = define("commanded");
    Runs.command(cluster, serdes, run.id(), RunAction.STOP, "the lab moves", "ann@desk");
    Runs.command(cluster, serdes, run.id(), RunAction.RESUME, "", "");
    try (LogReader reader = new LogReader(cluster);
        EvidenceSource log = new KafkaEvidence(cluster, serdes)) {
      int partition = LogKeys.runPartition(run.id(), reader.partitions(Topic.COMMANDS));
      try (RecordCursor commands = log.read(run, Topic.COMMANDS, partition)) {
        RunCommand stop = (RunCommand) commands.next().orElseThrow().value();
        assertThat(stop.getRunId()).isEqualTo(run.id());
        assertThat(stop.getAction()).isEqualTo(RunAction.STOP);
        assertThat(stop.getReason()).isEqualTo("the lab moves");
        assertThat(stop.getIssuer()).isEqualTo("ann@desk");
        RunCommand resumption = (RunCommand) commands.next().orElseThrow().value();
        assertThat(resumption.getAction()).isEqualTo(RunAction.RESUME);
        assertThat(commands.next()).isEmpty();
      }
    }
  }

  @Test
  void aCommandThatCannotBeCarriedOutIsNotWritten() throws Exception {
    define("unharmed");
    assertThatThrownBy(() -> Runs.command(cluster, serdes, "nobody", RunAction.STOP, "", ""))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("There is no run nobody.");
    String reason = "x".repeat(501);
    assertThatThrownBy(() -> Runs.command(cluster, serdes, "unharmed", RunAction.STOP, reason, ""))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("The reason of a command has at most 500 characters, not 501.");
  }

  @Test
  void aLogFromBeforeThereWereCommandsIsReadPackedUpAndVerified() throws Exception {
    ClusterConfig old =
        new ClusterConfig(
            cluster.bootstrapServers(),
            cluster.registryUrl(),
            "old.",
            cluster.clientProperties(),
            cluster.registryProperties());
    TopicCatalogue catalogue = new TopicCatalogue("old.");
    try (Admin admin = Admin.create(old.kafka())) {
      catalogue.ensure(admin, SIZING);
      admin.deleteTopics(List.of("old.commands")).all().get();
      while (admin.listTopics().names().get().contains("old.commands")) {
        Thread.sleep(50);
      }
      RunDefinition run =
          Runs.define(
              old, serdes, TestRuns.small("old", 1, new Participation(1, 1, 1000L, null)).build());
      try (EvidenceSource log = new KafkaEvidence(old, serdes)) {
        assertThat(log.partitions(Topic.COMMANDS)).isZero();
        assertHolds(log, run);
        new BundleWriter(log, "an old log", "1.0").write(run, directory.resolve("b"), f -> {});
      }
      try (BundleEvidence bundle = BundleEvidence.open(directory.resolve("b"))) {
        assertThat(bundle.checkFiles(f -> {})).isEmpty();
        assertThat(bundle.partitions(Topic.COMMANDS)).isZero();
        assertHolds(bundle, run);
      }
      assertThatThrownBy(() -> Runs.command(old, serdes, "old", RunAction.STOP, "", ""))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage(
              "There is no topic old.commands: an aggregator of this version creates it when it"
                  + " starts.");
      catalogue.ensure(admin, Sizing.DEFAULT);
      Runs.command(old, serdes, "old", RunAction.STOP, "", "");
    }
  }

  private static void assertHolds(EvidenceSource log, RunDefinition run) throws Exception {
    Verification verification =
        new RunVerifier(log, run, RunVerifier.Options.all(), verdict -> {}).verify();
    assertThat(verification.violation()).isEmpty();
  }

  private static RunDefinition define(String id) throws Exception {
    return Runs.define(
        cluster, serdes, TestRuns.small(id, 1, new Participation(1, 1, 1000L, null)).build());
  }
}
