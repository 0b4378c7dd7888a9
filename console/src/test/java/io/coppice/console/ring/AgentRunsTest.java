package io.coppice.console.ring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.agent.AgentData;
import io.coppice.agent.AgentKey;
import io.coppice.agent.AgentRuns;
import io.coppice.agent.ComputeGate;
import io.coppice.agent.DeviceLink;
import io.coppice.agent.EdgeAgent.Phase;
import io.coppice.learning.data.Dataset;
import io.coppice.learning.data.Datasets;
import io.coppice.learning.data.Split;
import io.coppice.learning.engine.KernelChoice;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.Participation;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** An agent that outlives its runs, and one that has several at once. */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class AgentRunsTest {

  private static final Path MNIST = Path.of("..", "data", "mnist");
  private static final String AGENT = "agent-0";

  @TempDir Path directory;
  private final MeterRegistry meters = new SimpleMeterRegistry();
  private final ComputeGate gate = new ComputeGate(1, KernelChoice.named("dense"));
  private Dataset train;
  private Ring ring;

  @BeforeEach
  void start() throws Exception {
    train = Datasets.open(MNIST, Split.TRAIN).subset(IntStream.range(0, 60).toArray());
    Dataset test = Datasets.open(MNIST, Split.TEST).subset(IntStream.range(0, 20).toArray());
    ring = new Ring(train, test, directory);
  }

  @AfterEach
  void stop() {
    ring.close();
    gate.close();
  }

  @Test
  void whoWasToldOfNoRunGoesOnWithTheNext() throws Exception {
    try (AgentRuns agent = agent(List.of())) {
      agent.start();
      assertThat(agent.phases()).isEmpty();
      assertThat(runs()).isZero();
      RunDefinition first = define("first");
      RunLog over = ring.await(first, "the first run's end", RunLog::isComplete);
      await(agent, Map.of("first", Phase.FINISHED));
      RunDefinition second = define("second");
      ring.await(second, "the second run's end", RunLog::isComplete);
      await(agent, Map.of("second", Phase.FINISHED));
      assertThat(meters.find("coppice.agent.round.submitted").tag("run", "first").gauge()).isNull();
      assertThat(meters.get("coppice.agent.round.submitted").tag("run", "second").gauge().value())
          .isEqualTo(1);
      assertThat(runs()).isEqualTo(1);
      assertThat(agent.fault()).isEmpty();
      over.readOn();
      assertThat(over.joins).as("a run that is over is not joined again").hasSize(1);
      ring.verified(first);
      ring.verified(second);
    }
  }

  @Test
  void whoWasToldOfSeveralRunsTakesPartInAllOfThem() throws Exception {
    RunDefinition first = define("first");
    define("not-asked-for");
    try (AgentRuns agent = agent(List.of("first", "second"))) {
      agent.start();
      RunDefinition second = define("second");
      ring.await(first, "the first run's end", RunLog::isComplete);
      ring.await(second, "the second run's end", RunLog::isComplete);
      await(agent, Map.of("first", Phase.FINISHED, "second", Phase.FINISHED));
      assertThat(meters.get("coppice.agent.round.submitted").tag("run", "first").gauge().value())
          .isEqualTo(1);
      assertThat(runs()).isEqualTo(2);
    }
  }

  private double runs() {
    return meters.get("coppice.agent.runs").gauge().value();
  }

  private RunDefinition define(String id) throws Exception {
    return ring.define(
        TestRuns.small(id, 2, new Participation(1, 1, TestRuns.NO_DEADLINE, null)).build());
  }

  private AgentRuns agent(List<String> runs) {
    return new AgentRuns(
        ring.cluster(),
        ring.serdes(),
        AGENT,
        Optional.of(AgentKey.inMemory(ring.keys(AGENT))),
        runs,
        AgentData.of(train),
        gate,
        DeviceLink.measured(),
        meters);
  }

  private static void await(AgentRuns agent, Map<String, Phase> phases)
      throws InterruptedException {
    while (!agent.phases().equals(phases)) {
      Thread.sleep(100); // until the test's own time is up
    }
  }
}
