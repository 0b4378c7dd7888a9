package io.coppice.console.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.replay.RunDefinition;
import org.junit.jupiter.api.Test;

/** The only broker is killed in the middle of a run, again and again, and comes back: everybody waits for it, and goes on. */
class OnlyBrokerFaultsTest extends FaultScenarios {

  private static final int KILLS = 3;

  /** Far more than are closed before the last kill: a round takes a tenth of a second. */
  private static final int ROUNDS = 150;

  OnlyBrokerFaultsTest() {
    super(1, 1, 1);
  }

  @Test
  void theOnlyBrokerIsKilledAndComesBack() throws Exception {
    RunDefinition run = define("only-broker", ROUNDS, EVERYBODY);
    JavaProcess broker = ring.brokers().node(1);
    for (int kill = 0; kill < KILLS; kill++) {
      int before = 4 * kill;
      LogCopy log = ring.await(run, "rounds are closed", l -> l.lastClosed() > before);
      broker.kill();
      int last = log.lastClosed();
      assertThat(last).isLessThan(run.lastRound());
      Thread.sleep(3000); // long enough for everybody to notice
      broker.start();
      ring.await(run, "the run goes on", l -> l.lastClosed() > last);
    }

    LogCopy log = ring.finish(run);
    assertThat(log.closed()).allMatch(closed -> closed.getContributors().size() == 3);
  }
}
