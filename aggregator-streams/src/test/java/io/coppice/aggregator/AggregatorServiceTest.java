package io.coppice.aggregator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coppice.aggregator.observe.Telemetry;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.InMemoryRegistry;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.SchemaRegistry;
import io.coppice.schemas.TopicCatalogue.Sizing;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InvalidTxnStateException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TransactionalIdAuthorizationException;
import org.apache.kafka.common.errors.UnknownServerException;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TopologyDescription;
import org.apache.kafka.streams.errors.StreamsException;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class AggregatorServiceTest {

  private static final ClusterConfig CLUSTER = new ClusterConfig("nowhere:1", "http://nowhere:2");

  @Test
  void shardsAndRunsAreTwoSubTopologiesThatShareNothing() {
    TopologyDescription topology =
        AggregatorTopology.build(
                "coppice.",
                new LogSerdes(new InMemoryRegistry()),
                Sizing.DEFAULT,
                RecordedUpdates::new,
                Duration.ofSeconds(1),
                new Telemetry(new SimpleMeterRegistry()))
            .describe();
    assertThat(topology.subtopologies()).hasSize(2);
    assertThat(topology.globalStores()).isEmpty();
  }

  @Test
  void processingIsExactlyOnceAndReadsCommittedRecordsOnly() {
    StreamsConfig settings =
        new StreamsConfig(
            AggregatorService.settings(new AggregatorConfig(CLUSTER, Path.of("state"))));
    assertThat(settings.getString("processing.guarantee")).isEqualTo("exactly_once_v2");
    Map<String, Object> consumer = settings.getMainConsumerConfigs("group", "client", 0);
    assertThat(consumer)
        .containsEntry("isolation.level", "read_committed")
        .containsEntry("auto.offset.reset", "earliest");
    assertThat(settings.getProducerConfigs("client")).containsEntry("enable.idempotence", true);
  }

  @Test
  void clientSettingsAndTheInstanceIdReachTheClients() {
    ClusterConfig secured =
        new ClusterConfig("nowhere:1", "", "x.", Map.of("security.protocol", "SSL"), Map.of());
    AggregatorConfig config =
        new AggregatorConfig(
            secured,
            "app",
            Path.of("state"),
            2,
            Duration.ofMillis(50),
            Duration.ofSeconds(1),
            1,
            Optional.of("east"));
    Map<String, Object> consumer =
        new StreamsConfig(AggregatorService.settings(config))
            .getMainConsumerConfigs("group", "client", 1);
    assertThat(consumer)
        .containsEntry("security.protocol", "SSL")
        .containsEntry("group.instance.id", "east-1");
  }

  @Test
  void anInstanceIsMissedSoonUnlessItHasANameThatItComesBackUnder() {
    ClusterConfig patient =
        new ClusterConfig("nowhere:1", "", "x.", Map.of("session.timeout.ms", "20000"), Map.of());
    assertThat(consumer(CLUSTER, Optional.empty())).containsEntry("session.timeout.ms", 10_000);
    assertThat(consumer(patient, Optional.empty())).containsEntry("session.timeout.ms", "20000");
    assertThat(consumer(CLUSTER, Optional.of("east"))).doesNotContainKey("session.timeout.ms");
  }

  private static Map<String, Object> consumer(ClusterConfig cluster, Optional<String> instanceId) {
    AggregatorConfig config =
        new AggregatorConfig(
            cluster,
            "app",
            Path.of("state"),
            1,
            Duration.ofMillis(50),
            Duration.ofSeconds(1),
            0,
            instanceId);
    return new StreamsConfig(AggregatorService.settings(config))
        .getMainConsumerConfigs("group", "client", 1);
  }

  @Test
  void theApplicationIdFollowsFromThePrefix() {
    assertThat(AggregatorConfig.applicationId("coppice.")).isEqualTo("coppice-aggregator");
    assertThat(AggregatorConfig.applicationId("a.b_")).isEqualTo("a.b-aggregator");
    assertThat(AggregatorConfig.applicationId("")).isEqualTo("aggregator");
  }

  @Test
  void outagesAreTransientAndDisagreementsAreNot() {
    assertThat(
            AggregatorService.isTransient(
                new StreamsException(
                    new SchemaRegistry.RegistryException("does not answer", null))))
        .isTrue();
    assertThat(AggregatorService.isTransient(new StreamsException(new TimeoutException("slow"))))
        .isTrue();
    assertThat(
            AggregatorService.isTransient(
                new StreamsException(new IllegalStateException("has not seen its shard"))))
        .isFalse();
  }

  @Test
  void brokersThatLoseTheirWayAreTransientAndThoseThatRefuseAreNot() {
    // What a producer makes of a broker that ends a transaction at the moment of its commit.
    assertThat(
            AggregatorService.isTransient(
                new StreamsException(
                    new KafkaException(
                        "Unhandled error in EndTxnResponse: The server experienced an unexpected error when processing the request."))))
        .isTrue();
    assertThat(AggregatorService.isTransient(new StreamsException(new UnknownServerException())))
        .isTrue();
    assertThat(
            AggregatorService.isTransient(
                new StreamsException(new InvalidTxnStateException("ended already"))))
        .isTrue();
    assertThat(
            AggregatorService.isTransient(
                new StreamsException(
                    new KafkaException(
                        "in an error state", new TransactionalIdAuthorizationException("no")))))
        .isFalse();
  }

  @Test
  void settingsOutOfRangeAreRefused() {
    assertThatThrownBy(
            () ->
                new AggregatorConfig(
                    CLUSTER,
                    "app",
                    Path.of("state"),
                    0,
                    Duration.ofMillis(100),
                    Duration.ofSeconds(1),
                    0,
                    Optional.empty()))
        .hasMessage("At least 1 thread is needed, not 0.");
  }

  @Test
  void theCommandSaysInOneSentenceWhatIsWrong() {
    StringWriter errors = new StringWriter();
    CommandLine command = Main.commandLine().setErr(new PrintWriter(errors, true));
    assertThat(command.execute("--threads", "0")).isEqualTo(1);
    assertThat(errors.toString().strip()).isEqualTo("At least 1 thread is needed, not 0.");
    assertThat(command.execute("--no-such-option")).isEqualTo(2);
  }

  @Test
  void theCommandHasHelp() {
    StringWriter out = new StringWriter();
    assertThat(Main.commandLine().setOut(new PrintWriter(out, true)).execute("--help")).isZero();
    assertThat(out.toString()).contains("--bootstrap", "COPPICE_REGISTRY", "localhost:9092");
  }
}
