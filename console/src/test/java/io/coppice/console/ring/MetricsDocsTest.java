package io.coppice.console.ring;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.agent.AgentRuns;
import io.coppice.console.observe.MetricTable;
import io.coppice.console.observe.MetricTable.Metric;
import io.coppice.learning.data.Dataset;
import io.coppice.learning.data.Datasets;
import io.coppice.learning.data.Split;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.TransactionalWriter;
import io.coppice.schemas.AgentAccepted;
import io.coppice.schemas.Evaluation;
import io.coppice.schemas.EvaluationMode;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.Participation;
import io.coppice.schemas.Topic;
import io.coppice.schemas.TrainingRun;
import io.coppice.schemas.UpdateRejected;
import io.coppice.schemas.UpdateSubmitted;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Our metrics in docs/operations.md are those that the services show, no more and no fewer, with these labels. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class MetricsDocsTest {

  private static final Path MNIST = Path.of("..", "data", "mnist");

  @TempDir private Path streams;

  @Test
  void theDocsHaveWhatARingShows() throws Exception {
    Dataset train = Datasets.open(MNIST, Split.TRAIN).subset(IntStream.range(0, 200).toArray());
    Dataset test = Datasets.open(MNIST, Split.TEST).subset(IntStream.range(0, 50).toArray());
    try (Ring ring = new Ring(train, test, streams)) {
      Participation both = new Participation(2, 2, TestRuns.NO_DEADLINE, null);
      TrainingRun federated = TestRuns.measured("federated", 3, both);
      federated.setEvaluation(new Evaluation(1, EvaluationMode.FEDERATED));
      RunDefinition central = ring.define(TestRuns.measured("central", 5, both));
      RunLog log = ring.await(central, "the definition", l -> true);
      log.leaveOut(entry -> entry.topic() == Topic.MASKS && entry.value().length < 10);
      writeGarbage(ring, central);
      ring.startAgent(central, "agent-0");
      ring.await(central, "an agent", l -> has(l, AgentAccepted.class));
      submitInTheNameOf("agent-0", ring, central);
      ring.await(central, "the rejection", l -> has(l, UpdateRejected.class));
      ring.startAgent(central, "agent-1");
      ring.finishAmidMutants(central);
      RunDefinition second = ring.define(federated);
      ring.startAgent(second, "agent-0");
      ring.startAgent(second, "agent-1");
      ring.finishAmidMutants(second);

      try (AgentRuns bystander = ring.bystander("agent-2")) {
        assertThat(bystander.phases()).isEmpty();
        assertThat(ours(MetricTable.exported(ring.scrape())))
            .containsExactlyInAnyOrderElementsOf(ours(MetricTable.documented()));
      }
    }
  }

  private static boolean has(RunLog log, Class<?> event) {
    return log.ledger.stream().anyMatch(event::isInstance);
  }

  private static Set<Metric> ours(Set<Metric> metrics) {
    return metrics.stream()
        .filter(metric -> metric.name().startsWith("coppice_"))
        .collect(Collectors.toSet());
  }

  /** What the aggregator rejects, and the readers of the run ignore. */
  private static void writeGarbage(Ring ring, RunDefinition run) throws Exception {
    Map<String, Object> settings = ring.cluster().kafka();
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
      String masks = ring.cluster().name(Topic.MASKS);
      int partition = LogKeys.runPartition(run.id(), producer.partitionsFor(masks).size());
      producer
          .send(new ProducerRecord<>(masks, partition, run.id().getBytes(UTF_8), new byte[] {1, 2}))
          .get();
    }
  }

  /** A submission that its agent has not signed. */
  private static void submitInTheNameOf(String agentId, Ring ring, RunDefinition run) {
    try (TransactionalWriter writer =
        new TransactionalWriter(ring.cluster(), "somebody-else", run.id())) {
      writer.begin();
      writer.sendByRun(
          Topic.SUBMISSIONS,
          ring.serdes().submissions,
          run.id(),
          UpdateSubmitted.newBuilder()
              .setRunId(run.id())
              .setRound(0)
              .setAgentId(agentId)
              .setMaskVersion(0)
              .setWeight(1)
              .setTrainLoss(0)
              .setTrainSeconds(0)
              .setPayloadBytes(0)
              .setShards(List.of())
              .setSignature(ByteBuffer.allocate(0))
              .build());
      writer.commit();
    }
  }
}
