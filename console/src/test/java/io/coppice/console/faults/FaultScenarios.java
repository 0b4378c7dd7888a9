package io.coppice.console.faults;

import io.coppice.console.ring.TestRuns;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.Participation;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * What may go wrong in the field, done to real processes in the middle of a run. After each fault the run reaches its last round, nothing
 * that was admitted is lost or counted twice, and the aggregates are what a recomputation from the log gives. Every test first proves
 * from the log that its fault has happened. All tests of a class share one ring, and its agents go from run to run.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 15, unit = TimeUnit.MINUTES)
abstract class FaultScenarios {

  static final int SHARD_VALUES = 10_000;

  /** Bytes per second. With updates of a megabyte, an upload at this speed takes seconds. */
  static final long SLOW = 60_000;

  /** All three agents in every round, for which one waits as long as it takes. */
  static final Participation EVERYBODY = new Participation(3, 3, TestRuns.NO_DEADLINE, null);

  private final int brokers;
  private final int aggregators;
  private final int pruning;
  Path directory;
  FaultyRing ring;

  @RegisterExtension
  final AfterTestExecutionCallback output =
      context -> {
        if (context.getExecutionException().isPresent()) {
          System.err.println(ring.lastWords());
        }
      };

  FaultScenarios(int brokers, int aggregators, int pruning) {
    this.brokers = brokers;
    this.aggregators = aggregators;
    this.pruning = pruning;
  }

  @BeforeAll
  void start(@TempDir Path directory) throws Exception {
    this.directory = directory;
    ring = new FaultyRing(directory, brokers, aggregators, pruning);
  }

  @AfterEach
  void recover() throws Exception {
    ring.recover();
  }

  @AfterAll
  void stop() throws Exception {
    if (ring != null) {
      ring.close();
    }
  }

  RunDefinition define(String id, int rounds, Participation participation) throws Exception {
    return ring.define(
        TestRuns.small(id, rounds, participation).setShardValues(SHARD_VALUES).build());
  }

  static void pause() {
    try {
      Thread.sleep(300);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
