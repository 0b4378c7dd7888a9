package io.coppice.console.ring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.console.ring.RunLog.At;
import io.coppice.learning.data.Dataset;
import io.coppice.learning.data.Datasets;
import io.coppice.learning.data.Split;
import io.coppice.learning.encoding.Encoding;
import io.coppice.replay.LogTensors;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.RunModel;
import io.coppice.schemas.AggregateShard;
import io.coppice.schemas.CheckpointShard;
import io.coppice.schemas.CloseReason;
import io.coppice.schemas.Contributor;
import io.coppice.schemas.MaskOrigin;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.Participation;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.RoundOpened;
import io.coppice.schemas.ShardKind;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whole runs: agents that train, an aggregator, a pruning service, a broker; parts of the ring go and come back in mid-run. After
 * every run {@link Proof} recomputes it from what the agents wrote.
 */
class RingTest {

  private static final Path MNIST = Path.of("..", "data", "mnist");

  @TempDir private static Path streams;

  private static Ring ring;

  @BeforeAll
  static void start() throws InterruptedException {
    ring =
        new Ring(
            first(600, Datasets.open(MNIST, Split.TRAIN)),
            first(100, Datasets.open(MNIST, Split.TEST)),
            streams);
  }

  @AfterAll
  static void stop() {
    ring.close();
  }

  private static Dataset first(int count, Dataset data) {
    return data.subset(IntStream.range(0, count).toArray());
  }

  @Test
  void aRunWithInitialPruningCanBeRecomputedAndRepeatedBitForBit() throws Exception {
    Participation everybody = new Participation(4, 4, TestRuns.NO_DEADLINE, null);
    RunDefinition run =
        ring.define(
            TestRuns.prunefl("whole", 8, everybody)
                .setInitialPruning(TestRuns.initialPruning())
                .build());
    for (String agent : List.of("agent-0", "agent-1", "agent-2", "agent-3")) {
      ring.startAgent(run, agent);
    }
    RunLog log = ring.finish(run);

    Proof.holdsFor(log);
    theModelOfEveryCheckpointIsFoundByItsRound(log);
    assertThat(log.closed()).hasSize(9).allMatch(c -> c.getReason() == CloseReason.ALL_REPORTED);
    assertThat(log.masks)
        .extracting(MaskPublished::getOrigin)
        .containsExactly(
            MaskOrigin.INITIAL,
            MaskOrigin.INITIAL_PRUNING,
            MaskOrigin.RECONFIGURATION,
            MaskOrigin.RECONFIGURATION,
            MaskOrigin.RECONFIGURATION);
    assertThat(log.masks.getFirst().getDensity()).isEqualTo(1);
    assertThat(log.masks.stream().skip(1)).allMatch(mask -> mask.getDensity() < 0.9);
    assertThat(log.masks.stream().skip(2))
        .allMatch(mask -> mask.getDecision().getRemoved().stream().anyMatch(n -> n > 0));
    // Before rounds -1, 0 and 3 with a mask; 6 by the clock; 8 at the end. Those of 5 and 7 come
    // too soon.
    assertThat(log.checkpoints.stream().map(CheckpointShard::getRound).distinct())
        .containsExactlyInAnyOrder(-1, 0, 3, 6, 8);
    assertThat(log.roundsOf("agent-3")).containsExactly(0, 1, 2, 3, 4, 5, 6, 7);

    RunDefinition again =
        ring.define(
            TestRuns.prunefl("again", 8, everybody)
                .setInitialPruning(TestRuns.initialPruning())
                .build());
    RunLog copy = new Resubmission(ring, log, again).run();
    assertThat(bits(copy)).isEqualTo(bits(log));
    assertThat(copy.masks.stream().map(MaskPublished::getLayers))
        .containsExactlyElementsOf(log.masks.stream().map(MaskPublished::getLayers).toList());
    assertThat(model(copy)).isEqualTo(model(log));
  }

  private static void theModelOfEveryCheckpointIsFoundByItsRound(RunLog log) {
    RunDefinition run = log.run();
    log.checkpoints.stream()
        .collect(Collectors.groupingBy(CheckpointShard::getRound))
        .forEach(
            (next, checkpoint) -> {
              RunModel model =
                  RunModel.after(next - 1, ring.cluster(), ring.serdes(), run).orElseThrow();
              assertThat(model.round()).isEqualTo(next - 1);
              for (CheckpointShard shard : checkpoint) {
                int from = run.shards().from(shard.getShard());
                assertThat(model.maskVersion()).isEqualTo(shard.getMaskVersion());
                assertThat(shard.getValues())
                    .isEqualTo(
                        Encoding.FLOAT32.encode(model.parameters(), from, shard.getValueCount()));
              }
              assertThat(LogTensors.toLog(model.mask()))
                  .isEqualTo(log.masks.get(model.maskVersion()).getLayers());
            });
    RunModel newest = RunModel.newest(ring.cluster(), ring.serdes(), run).orElseThrow();
    assertThat(newest.round()).isEqualTo(run.lastRound());
    assertThat(newest.maskVersion()).isEqualTo(log.masks.size() - 1);
  }

  @Test
  void theRunGoesOnWithoutAnAgentThatDiedAndTakesThoseThatComeLater() throws Exception {
    RunDefinition run =
        ring.define(TestRuns.prunefl("leaving", 60, new Participation(3, 2, 3000L, null)).build());
    for (String agent : List.of("agent-0", "agent-1", "agent-2")) {
      ring.startAgent(run, agent);
    }
    ring.await(run, "two rounds with agent-2", log -> log.roundsOf("agent-2").size() >= 2);
    ring.stopAgent("agent-2");
    RunLog log =
        ring.await(
            run,
            "a round that agent-2 is not asked in",
            l ->
                l.closed().stream()
                    .anyMatch(c -> !opened(l, c.getRound()).getParticipants().contains("agent-2")));
    int lastWithAgent2 = log.roundsOf("agent-2").getLast();
    ring.stopAgent("agent-1"); // below the quorum: the run waits
    ring.startAgent(run, "agent-2");
    ring.startAgent(run, "agent-9");
    ring.awaitTakingPart("agent-2");
    ring.awaitTakingPart("agent-9");
    int lastWithoutThem = log.closed().getLast().getRound();
    ring.startAgent(run, "agent-1");
    ring.finish(run);

    Proof.holdsFor(log);
    RoundClosed shortened =
        log.closed().stream()
            .filter(c -> c.getRound() > lastWithAgent2)
            .filter(c -> opened(log, c.getRound()).getParticipants().contains("agent-2"))
            .findFirst()
            .orElseThrow();
    assertThat(shortened.getReason()).isEqualTo(CloseReason.DEADLINE);
    assertThat(shortened.getContributors())
        .extracting(Contributor::getAgentId)
        .isSubsetOf("agent-0", "agent-1", "agent-2")
        .hasSizeGreaterThanOrEqualTo(2);
    assertThat(log.roundsOf("agent-2")).last().matches(r -> r > lastWithAgent2, "it is back");
    assertThat(log.roundsOf("agent-9")).isNotEmpty().allMatch(r -> r > lastWithoutThem);
    assertThat(log.closed().getLast().getContributors()).hasSizeGreaterThanOrEqualTo(2);
  }

  @Test
  void pruningServiceAndAggregatorAreReplacedInMidRun() throws Exception {
    RunDefinition run =
        ring.define(
            TestRuns.prunefl("replaced", 60, new Participation(3, 3, TestRuns.NO_DEADLINE, null))
                .build());
    for (String agent : List.of("agent-0", "agent-1", "agent-2")) {
      ring.startAgent(run, agent);
    }

    pauseAfter(run, 1);
    ring.stopPruning();
    ring.startPruning();
    ring.startAgent(run, "agent-2");

    int afterMask = pauseAfter(run, 4);
    ring.stopAggregator();
    ring.startAgent(run, "agent-2"); // submits while nobody aggregates
    ring.startAggregator();

    int afterRestart = pauseAfter(run, afterMask + 3);
    ring.stopAggregator();
    ring.deleteAggregatorState();
    ring.startAggregator();
    ring.startAgent(run, "agent-2");
    RunLog log = ring.finish(run);

    assertThat(afterRestart).isLessThan(run.lastRound());
    Proof.holdsFor(log);
    assertThat(log.closed())
        .allMatch(c -> c.getContributors().size() == 3)
        .allMatch(c -> c.getReason() == CloseReason.ALL_REPORTED);
  }

  /** Waits for a round, then stops an agent: without its quorum the run waits. Returns the last closed round. */
  private static int pauseAfter(RunDefinition run, int round) throws InterruptedException {
    ring.await(run, "round " + round, log -> log.hasClosed(round));
    ring.stopAgent("agent-2");
    return ring.await(
            run,
            "the others' reports",
            log ->
                log.open()
                    .filter(
                        open ->
                            log.submissions.stream()
                                    .filter(s -> s.getRound() == open.getRound())
                                    .count()
                                == 2)
                    .isPresent())
        .closed()
        .getLast()
        .getRound();
  }

  private static RoundOpened opened(RunLog log, int round) {
    return log.events(RoundOpened.class).stream()
        .filter(opened -> opened.getRound() == round)
        .findFirst()
        .orElseThrow();
  }

  private record Block(int round, ShardKind kind, int shard, ByteBuffer values) {}

  /** All aggregates of a run. */
  private static List<Block> bits(RunLog log) {
    return log.aggregates.stream()
        .map(At::value)
        .sorted(
            Comparator.comparingInt(AggregateShard::getRound)
                .thenComparing(AggregateShard::getKind)
                .thenComparingInt(AggregateShard::getShard))
        .map(a -> new Block(a.getRound(), a.getKind(), a.getShard(), a.getValues()))
        .toList();
  }

  /** The final model. */
  private static List<ByteBuffer> model(RunLog log) {
    return log.checkpoints.stream()
        .filter(c -> c.getRound() == log.run().lastRound() + 1)
        .sorted(Comparator.comparingInt(CheckpointShard::getShard))
        .map(CheckpointShard::getValues)
        .toList();
  }
}
