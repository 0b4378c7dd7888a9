package io.coppice.console.ring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.learning.data.Dataset;
import io.coppice.learning.data.Datasets;
import io.coppice.learning.data.Split;
import io.coppice.learning.model.Mask;
import io.coppice.pruning.Inheritance;
import io.coppice.pruning.MaskPolicy;
import io.coppice.replay.LogTensors;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.TransactionalWriter;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.DecisionSchedule;
import io.coppice.schemas.DecisionUpload;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.Participation;
import io.coppice.schemas.RoundOpened;
import io.coppice.schemas.StartMask;
import io.coppice.schemas.Topic;
import io.coppice.schemas.TrainingRun;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every policy goes through the whole ring, and whoever replays the log decides the same masks. */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class PoliciesTest {

  private static final Path MNIST = Path.of("..", "data", "mnist");
  private static final double DENSITY = 0.3;

  @TempDir private static Path streams;

  private static Ring ring;

  @BeforeAll
  static void open() throws Exception {
    Dataset train = Datasets.open(MNIST, Split.TRAIN);
    Dataset test = Datasets.open(MNIST, Split.TEST);
    ring = new Ring(first(400, train), first(50, test), streams);
  }

  @AfterAll
  static void close() throws Exception {
    ring.close();
  }

  private static Dataset first(int count, Dataset data) {
    return data.subset(IntStream.range(0, count).toArray());
  }

  /** A run of a small network as the command would define it, with three agents. */
  private static TrainingRun.Builder definition(String policy, int rounds) {
    TrainingRun.Builder run =
        TestRuns.small(
            policy + "-run", rounds, new Participation(3, 3, TestRuns.NO_DEADLINE, null));
    run.getPruning().setPolicy(policy);
    return run;
  }

  private static TrainingRun scheduled(TrainingRun.Builder run) {
    MaskPolicy policy = MaskPolicy.named(run.getPruning().getPolicy());
    TrainingRun draft = run.build();
    policy.check(draft);
    run.getPruning().setDecisions(policy.schedule(draft));
    return run.build();
  }

  private static RunLog finish(TrainingRun run) throws Exception {
    RunDefinition definition = ring.define(run);
    for (int a = 0; a < run.getParticipation().getExpectedAgents(); a++) {
      ring.startAgent(definition, "agent-" + a);
    }
    RunLog log = ring.finish(definition);
    Proof.holdsFor(log);
    assertThat(ring.verified(definition).masks()).isEqualTo(log.masks.size() - 1);
    return log;
  }

  private static Mask mask(RunLog log, MaskPublished published) {
    return LogTensors.fromLog(log.run().layout(), published.getLayers());
  }

  @Test
  void snipPrunesOnceAfterTheFirstRound() throws Exception {
    TrainingRun.Builder run = definition("snip", 4);
    run.getPruning().setTargetDensity(DENSITY);
    RunLog log = finish(scheduled(run));
    assertThat(log.masks).hasSize(2);
    assertThat(log.masks.getLast().getEffectiveRound()).isEqualTo(1);
    assertThat(log.masks.getLast().getDensity()).isBetween(DENSITY, DENSITY + 0.01);
  }

  @Test
  void iterativePruningEndsAtItsDensity() throws Exception {
    TrainingRun.Builder run = definition("iterative", 8);
    run.getPruning().setTargetDensity(DENSITY);
    run.getPruning().setDecisions(new DecisionSchedule(1, 2, 5, DecisionUpload.NOTHING));
    RunLog log = finish(run.build());
    assertThat(log.masks).hasSize(4);
    for (int m = 1; m < log.masks.size(); m++) {
      assertThat(mask(log, log.masks.get(m)).grownSince(mask(log, log.masks.get(m - 1))))
          .containsOnly(0);
    }
    assertThat(log.masks.getLast().getDensity()).isBetween(DENSITY, DENSITY + 0.01);
  }

  @ParameterizedTest
  @ValueSource(strings = {"fedtiny", "fedrts"})
  void aPolicyWithABudgetKeepsToItWhileItMovesWeights(String policy) throws Exception {
    TrainingRun.Builder run = definition(policy, 12);
    run.getPruning().setTargetDensity(DENSITY);
    run.getPruning().setReconfigureEvery(1);
    RunLog log = finish(scheduled(run));
    assertThat(log.masks).hasSizeGreaterThan(2);
    int budget = mask(log, log.masks.getFirst()).kept();
    assertThat(log.masks.getFirst().getDensity()).isBetween(DENSITY - 0.01, DENSITY);
    assertThat(log.masks).allMatch(m -> mask(log, m).kept() == budget);
    assertThat(log.masks.stream().skip(1))
        .anyMatch(m -> m.getDecision().getRegrown().stream().anyMatch(n -> n > 0));
  }

  @Test
  void theOnlineControllerGoesOnWhereItWasWhenThePruningServiceIsReplaced() throws Exception {
    RunDefinition run = ring.define(scheduled(definition("online", 24)));
    for (int a = 0; a < 3; a++) {
      ring.startAgent(run, "agent-" + a);
    }
    ring.await(run, "a few decisions", log -> log.hasClosed(10));
    ring.stopPruning();
    ring.startPruning();
    RunLog log = ring.finish(run);
    Proof.holdsFor(log);
    ring.verified(run);
    assertThat(log.masks).hasSizeGreaterThan(15);
    assertThat(log.masks.getLast().getDensity()).isLessThan(1);
    assertThat(log.submissions).anyMatch(submission -> submission.getProbe() != null);

    int checkpoints = log.checkpoints.size();
    ring.stopPruning();
    ring.startPruning();
    ring.awaitPruningIdle();
    log.readOn();
    assertThat(log.checkpoints).as("nothing was left to be done").hasSize(checkpoints);
  }

  @Test
  void aMaskThatNobodyHasDecidedIsNoticed() throws Exception {
    TrainingRun.Builder run = definition("snip", 4).setRunId("forged-mask");
    run.getPruning().setTargetDensity(DENSITY);
    RunLog log = finish(scheduled(run));
    MaskPublished forged =
        MaskPublished.newBuilder(log.masks.getLast()).setVersion(2).setEffectiveRound(3).build();
    forged.setDigest(ContentDigest.of(forged));
    String id = log.run().id();
    try (TransactionalWriter writer = new TransactionalWriter(ring.cluster(), "forger", id)) {
      writer.begin();
      writer.sendByRun(Topic.MASKS, ring.serdes().masks, id, forged);
      writer.commit();
    }
    assertThat(ring.verify(log.run()).violation().orElseThrow().getMessage())
        .startsWith("masks-")
        .endsWith("no further mask is due in the run.");
  }

  @Test
  void aFinishedRunLendsItsMaskAndItsFirstWeights() throws Exception {
    RunLog source = finish(scheduled(definition("prunefl", 7)));
    MaskPublished last = source.masks.getLast();
    assertThat(last.getDensity()).isLessThan(1);
    var lent =
        new Inheritance.Source(
            last.getDensity(),
            new StartMask(source.run().id(), last.getVersion(), last.getDigest()),
            source.run().run().getSeed());
    TrainingRun.Builder reinit = definition("reinit", 2);
    MaskPolicy.named("reinit").inherits().apply(lent, reinit);
    TrainingRun.Builder random = definition("random-reinit", 2);
    MaskPolicy.named("random-reinit").inherits().apply(lent, random);

    RunLog ticket = finish(scheduled(reinit));
    RunLog control = finish(scheduled(random));
    assertThat(ticket.masks).hasSize(1);
    assertThat(ticket.masks.getFirst().getLayers()).isEqualTo(last.getLayers());
    assertThat(control.masks.getFirst().getLayers()).isEqualTo(last.getLayers());
    assertThat(ticket.run().initialParameters()).isEqualTo(source.run().initialParameters());
    assertThat(control.run().initialParameters()).isNotEqualTo(source.run().initialParameters());
  }

  @Test
  void aRoundAsksOnlySomeOfTheAgents() throws Exception {
    TrainingRun.Builder run = definition("prunefl", 9).setRunId("selected");
    run.setParticipation(new Participation(5, 1, TestRuns.NO_DEADLINE, 2));
    RunLog log = finish(scheduled(run));
    Set<String> asked = new TreeSet<>();
    for (RoundOpened opened : log.events(RoundOpened.class)) {
      assertThat(opened.getParticipants()).hasSize(2);
      asked.addAll(opened.getParticipants());
    }
    assertThat(asked).hasSizeGreaterThan(3);
    assertThat(log.closed()).allMatch(closed -> closed.getContributors().size() == 2);
  }
}
