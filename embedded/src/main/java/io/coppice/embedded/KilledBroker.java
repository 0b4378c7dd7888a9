package io.coppice.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import kafka.server.ControllerServer;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import kafka.server.SharedServer;
import kafka.server.StandardFaultHandlerFactory;
import org.apache.kafka.common.metrics.Metrics;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.server.ServerSocketFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fences a broker that was killed before it is started again.
 *
 * <p>A single broker that is its own controller comes back with metadata in which it still leads every partition, though the
 * controller has to fence its old registration first and leaves the partitions without a leader for a moment. Its transaction
 * coordinator, which is at work by then, takes a partition without a leader for a deleted one (KAFKA-20734): it drops the markers
 * of transactions that the kill has interrupted, and calls them complete. Their records would stay undecided for ever in some
 * partitions, or be committed by the next transaction a second time. So the controller is started alone first, and stopped as
 * soon as it has fenced the broker: the broker then starts with metadata that has it lead nothing.
 */
final class KilledBroker {

  private static final Logger log = LoggerFactory.getLogger(KilledBroker.class);

  /** The file that Kafka leaves at the end of an orderly shutdown, and removes at the start. */
  private static final String CLEAN_SHUTDOWN_FILE = ".kafka_cleanshutdown";

  private static final String METADATA_PARTITION = "__cluster_metadata-0";
  private static final Predicate<String> PARTITION = Pattern.compile(".+-\\d+").asMatchPredicate();

  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final Duration POLL = Duration.ofMillis(50);

  private KilledBroker() {}

  /** Whether the broker of a directory has led partitions, and was not shut down in an orderly way. */
  static boolean isIn(Path directory) throws IOException {
    if (Files.exists(directory.resolve(CLEAN_SHUTDOWN_FILE))) {
      return false;
    }
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .map(file -> file.getFileName().toString())
          .anyMatch(name -> PARTITION.test(name) && !name.equals(METADATA_PARTITION));
    }
  }

  /**
   * Returns as soon as it is fenced. Nothing is left running, whatever the outcome.
   *
   * @throws EmbeddedClusterException if the controller has not fenced it within a minute
   */
  static void fence(Path directory, LoopbackPorts.Pair ports) throws InterruptedException {
    KafkaConfig config = new KafkaConfig(BrokerSettings.controllerAlone(directory, ports));
    var disk = KafkaRaftServer.initializeLogDirs(config, log, "");
    try (Metrics metrics = new Metrics()) {
      SharedServer shared =
          new SharedServer(
              config,
              disk._1(),
              Time.SYSTEM,
              metrics,
              CompletableFuture.completedFuture(
                  Map.of(BrokerSettings.NODE_ID, LoopbackPorts.address(ports.controller()))),
              List.of(),
              new StandardFaultHandlerFactory(),
              ServerSocketFactory.INSTANCE);
      ControllerServer controller =
          new ControllerServer(shared, KafkaRaftServer.configSchema(), disk._2());
      try {
        controller.startup();
        awaitFenced(controller, directory);
      } finally {
        controller.shutdown();
        controller.awaitShutdown();
      }
    }
  }

  private static void awaitFenced(ControllerServer controller, Path directory)
      throws InterruptedException {
    long end = System.nanoTime() + LIMIT.toNanos();
    while (!controller.metadataCache().isBrokerFenced(BrokerSettings.NODE_ID)) {
      if (System.nanoTime() > end) {
        throw new EmbeddedClusterException(
            "The broker on the directory "
                + directory
                + " was killed, and its controller has not fenced it within "
                + LIMIT.toSeconds()
                + " s: the log says why.");
      }
      Thread.sleep(POLL);
    }
  }
}
