package io.coppice.console.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.console.faults.LogCopy.Place;
import io.coppice.console.ring.TestRuns;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.CloseReason;
import io.coppice.schemas.Topic;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Faults of services and brokers, of which others take the work over: three brokers, three aggregators, two pruning services. */
class ServiceFaultsTest extends FaultScenarios {

  ServiceFaultsTest() {
    super(3, 3, 2);
  }

  @Test
  void anAggregatorIsKilledInMidRound() throws Exception {
    RunDefinition run = define("aggregator-killed", 30, EVERYBODY);
    ring.await(run, "rounds are closed", log -> log.lastClosed() >= 0);

    ring.brokers().line(FaultyRing.VICTIM).slow(SLOW);
    LogCopy log =
        ring.await(
            run,
            "a round with two updates of three",
            l ->
                l.open()
                    .filter(open -> l.hasSubmitted("agent-0", open.getRound()))
                    .filter(open -> l.hasSubmitted("agent-1", open.getRound()))
                    .filter(open -> !l.hasSubmitted("agent-2", open.getRound()))
                    .isPresent());
    int round = log.open().orElseThrow().getRound();
    JavaProcess killed = ring.coordinatorOf(run);
    killed.kill();
    log.readOn();
    assertThat(log.lastClosed()).isLessThan(round);
    Set<String> left = new TreeSet<>(Set.of("aggregator-1", "aggregator-2", "aggregator-3"));
    left.remove(killed.name());
    ring.awaitAggregators(left);
    assertThat(ring.coordinatorOf(run)).isNotSameAs(killed);
    ring.brokers().line(FaultyRing.VICTIM).mend();
    ring.await(run, "the round is closed by others", l -> l.lastClosed() >= round);
    killed.start();

    ring.finish(run);
    assertThat(log.closed())
        .allMatch(closed -> closed.getReason() == CloseReason.ALL_REPORTED)
        .allMatch(closed -> closed.getContributors().size() == 3);
  }

  @Test
  void thePruningServiceIsKilledInMidDecisionAndTheOtherTakesOver() throws Exception {
    RunDefinition run =
        ring.define(
            TestRuns.small("pruning-killed", 30, EVERYBODY)
                .setShardValues(SHARD_VALUES)
                .setCheckpointEvery(1)
                .build());
    ring.await(run, "rounds are closed", log -> log.lastClosed() >= 0);

    try (LogCopy written = ring.uncommitted(run)) {
      ring.brokers().line(FaultyRing.PRUNING).slow(SLOW);
      JavaProcess killed = ring.keeperOf(run);
      LogCopy log = ring.log(run);
      int before = ring.await(run, "a mask", l -> !l.masks().isEmpty()).masks().size();
      ring.await(
          "half a mask and its checkpoint",
          () -> {
            written.readOn();
            pause();
            log.readOn();
            return written.masks().size() > Math.max(before, log.masks().size());
          });
      killed.kill();
      int round = written.masks().getLast().value().getEffectiveRound() - 1;
      log.readOn();
      assertThat(log.lastClosed()).isEqualTo(round);
      ring.brokers().line(FaultyRing.PRUNING).mend();
      JavaProcess other = ring.pruning().get(killed == ring.pruning().getFirst() ? 1 : 0);
      ring.awaitPruning(Set.of(other.name()));
      ring.await(run, "the next round", l -> l.lastClosed() > round);
      killed.start();

      ring.finish(run);
      written.readOn();
      assertThat(aborted(written, log, Topic.MASKS)).isNotEmpty();
      assertThat(other.hasSaid("run pruning-killed round " + round + ": mask")).isTrue();
      assertThat(killed.hasSaid("run pruning-killed round " + round + ": mask")).isFalse();
    }
  }

  /** Records that were written and never became visible. */
  private static Set<Place> aborted(LogCopy written, LogCopy committed, Topic topic) {
    Set<Place> aborted = written.places(topic);
    aborted.removeAll(committed.places(topic));
    return aborted;
  }

  @Test
  void oneBrokerOfThreeIsKilledAndComesBack() throws Exception {
    RunDefinition run = define("broker-killed", 60, EVERYBODY);
    LogCopy log = ring.await(run, "rounds are closed", l -> l.lastClosed() >= 0);

    int leader = ring.leaderOf(run);
    JavaProcess killed = ring.brokers().node(leader);
    killed.kill();
    log.readOn();
    int last = log.lastClosed();
    ring.await(run, "rounds without this broker", l -> l.lastClosed() >= last + 3);
    // It shall be back before the run is over.
    JavaProcess brake = ring.agents().getFirst();
    brake.freeze();
    assertThat(ring.leaderOf(run)).isNotEqualTo(leader);
    killed.start();
    ring.awaitBrokersInStep();
    log.readOn();
    assertThat(log.lastClosed()).isLessThan(run.lastRound());
    brake.thaw();

    ring.finish(run);
  }

  @Test
  void everythingIsRestartedOneOfAKindAtATimeInMidRound() throws Exception {
    RunDefinition run = define("rolling", 40, EVERYBODY);
    LogCopy log = ring.await(run, "rounds are closed", l -> l.lastClosed() >= 0);
    List<JavaProcess> agents = ring.agents();
    List<List<JavaProcess>> kinds =
        List.of(ring.brokers().processes(), ring.aggregators(), ring.pruning(), agents);
    List<Integer> restartedIn = new ArrayList<>();
    int restarted = 0;

    for (int turn = 0; turn < agents.size(); turn++) {
      // A round without one of its agents stays open: each turn falls into the middle of one.
      JavaProcess brake = agents.get((turn + 1) % agents.size());
      brake.freeze();
      for (List<JavaProcess> kind : kinds) {
        if (turn < kind.size()) {
          restart(kind.get(turn));
          restarted++;
        }
      }
      log.readOn();
      restartedIn.add(log.lastClosed());
      ring.awaitEverybody();
      brake.thaw();
      int last = log.lastClosed();
      ring.await(run, "a round after turn " + turn, l -> l.lastClosed() > last);
    }
    assertThat(restarted).isEqualTo(ring.everything().size());
    assertThat(restartedIn).doesNotHaveDuplicates().allMatch(round -> round < run.lastRound());

    ring.finish(run);
    assertThat(log.closed()).allMatch(closed -> closed.getContributors().size() == 3);
  }

  private static void restart(JavaProcess process) {
    long pid = process.pid();
    process.terminate();
    process.start();
    assertThat(process.pid()).isNotEqualTo(pid);
  }
}
