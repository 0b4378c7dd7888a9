package io.coppice.console.ring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.console.progress.RunMonitor;
import io.coppice.learning.data.Dataset;
import io.coppice.learning.data.Datasets;
import io.coppice.learning.data.Split;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.TransactionalWriter;
import io.coppice.schemas.AgentJoined;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.CostCoefficients;
import io.coppice.schemas.CostProfile;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.MaskOrigin;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.Participation;
import io.coppice.schemas.Signatures;
import io.coppice.schemas.Topic;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run whose agents measure what it costs: what they publish, what the masks are decided with, and what an audit finds. */
class MeasuredCostTest {

  private static final Path MNIST = Path.of("..", "data", "mnist");

  @TempDir private Path streams;

  @Test
  void masksAreDecidedWithTheCostOfTheFleetThatIsThere() throws Exception {
    Dataset train = Datasets.open(MNIST, Split.TRAIN).subset(IntStream.range(0, 200).toArray());
    Dataset test = Datasets.open(MNIST, Split.TEST).subset(IntStream.range(0, 50).toArray());
    try (Ring ring = new Ring(train, test, streams)) {
      RunDefinition run =
          ring.define(TestRuns.measured("measured", 21, new Participation(2, 2, 3000L, null)));
      ring.startAgent(run, "agent-0");
      ring.startAgent(run, "agent-1");
      RunLog log = ring.await(run, "a decision", l -> !decisions(l).isEmpty());
      MaskPublished first = decisions(log).getFirst();
      assertThat(log.joins)
          .extracting(AgentJoined::getAgentId)
          .containsExactlyInAnyOrder("agent-0", "agent-1");
      CostProfile measured = log.joins.getFirst().getCostProfile();
      assertThat(measured.getBytesPerSecond()).isPositive().isFinite();
      assertThat(measured.getComputationSecondsPerWeight())
          .hasSize(3)
          .allMatch(seconds -> seconds >= 0 && seconds < 1);
      assertThat(first.getCost())
          .isEqualTo(
              new CostCoefficients(
                  "measured by 2 of 2 agents",
                  measured.getFixedSeconds(),
                  8 / measured.getBytesPerSecond(),
                  measured.getComputationSecondsPerWeight(),
                  1.0));

      // Two that never train: one is slow, one has measured nonsense.
      join(ring, run, "slow", new CostProfile(900.0, Collections.nCopies(3, 1e-3), 1e3));
      join(ring, run, "nonsense", new CostProfile(Double.NaN, Collections.nCopies(3, 1.0), 1.0));
      ring.finish(run);

      assertThat(decisions(log).getLast().getCost())
          .isEqualTo(
              new CostCoefficients(
                  "measured by 3 of 4 agents", 900.0, 8e-3, Collections.nCopies(3, 1e-3), 1.0));
      assertThat(log.masks)
          .filteredOn(mask -> mask.getOrigin() != MaskOrigin.RECONFIGURATION)
          .allMatch(mask -> mask.getCost() == null);
      Proof.holdsFor(log);

      try (RunMonitor monitor = new RunMonitor(ring.cluster(), ring.serdes(), run)) {
        while (!monitor.hasReadHistory()) {
          monitor.poll(Duration.ofMillis(100));
        }
        assertThat(monitor.cost().fixedSeconds()).isEqualTo(900);
        assertThat(monitor.rounds()).hasSize(21).allMatch(round -> round.estimatedSeconds() > 900);
      }

      assertThat(ring.verified(run).masks()).isEqualTo(decisions(log).size());
      MemoryEvidence forged = ring.evidence(run);
      var last = forged.all(Topic.MASKS).getLast();
      forged.change(
          last,
          MaskPublished.class,
          mask -> {
            mask.getCost().setFleetQuantile(0.5);
            mask.setDigest(ContentDigest.of(mask));
            return mask;
          });
      assertThat(forged.verify().violation().orElseThrow().getMessage())
          .startsWith(last.position() + ", field cost")
          .endsWith(
              "has a cost of its own (measured by 3 of 4 agents), which the run does not ask for.");
    }
  }

  private static List<MaskPublished> decisions(RunLog log) {
    return log.masks.stream().filter(m -> m.getOrigin() == MaskOrigin.RECONFIGURATION).toList();
  }

  private static void join(Ring ring, RunDefinition run, String agent, CostProfile profile) {
    AgentJoined joined =
        AgentJoined.newBuilder()
            .setRunId(run.id())
            .setAgentId(agent)
            .setJoinedAt(Instant.EPOCH)
            .setSampleCount(1)
            .setMaxWeight(1)
            .setCostProfile(profile)
            .setPublicKey(Signatures.encode(ring.keys(agent).getPublic()))
            .build();
    try (TransactionalWriter writer = new TransactionalWriter(ring.cluster(), agent, run.id())) {
      writer.begin();
      writer.sendByRun(Topic.AGENTS, ring.serdes().agents, LogKeys.agent(run.id(), agent), joined);
      writer.commit();
    }
  }
}
