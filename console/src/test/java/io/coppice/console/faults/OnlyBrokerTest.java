package io.coppice.console.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.console.ring.TestRuns;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.Participation;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The only broker is killed in the middle of a run, and comes back: everybody waits for it, and goes on. */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class OnlyBrokerTest {

  @TempDir private Path directory;

  @Test
  void theOnlyBrokerIsKilledAndComesBack() throws Exception {
    try (FaultyRing ring = new FaultyRing(directory, 1, 1, 1)) {
      try {
        killTheBroker(ring);
      } catch (Exception | Error e) {
        System.err.println(ring.lastWords());
        throw e;
      }
    }
  }

  private static void killTheBroker(FaultyRing ring) throws Exception {
    RunDefinition run =
        ring.define(
            TestRuns.small("only-broker", 12, new Participation(2, 2, TestRuns.NO_DEADLINE, null))
                .setShardValues(10_000)
                .build());
    ring.startAgent(run, 0, false);
    ring.startAgent(run, 1, false);
    LogCopy log = ring.await(run, "rounds are closed", l -> l.lastClosed() >= 1);

    JavaProcess broker = ring.brokers().node(1);
    broker.kill();
    int last = log.lastClosed();
    assertThat(last).isLessThan(run.lastRound());
    Thread.sleep(3000); // long enough for everybody to notice
    broker.start();
    ring.await(run, "the run goes on", l -> l.lastClosed() > last);

    ring.finish(run);
    assertThat(log.closed()).allMatch(closed -> closed.getContributors().size() == 2);
  }
}
