package io.coppice.embedded;

import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.TopicCatalogue;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;

/**
 * Everything that a run needs besides its participants, inside this process: a broker, a schema registry, and the catalogue's
 * topics. It keeps its data in one directory and can be started on it again.
 */
public final class EmbeddedCluster implements AutoCloseable {

  private final EmbeddedBroker broker;
  private final EmbeddedRegistry registry;
  private final TopicCatalogue.Sizing sizing;
  private final Optional<Path> temporary;

  private EmbeddedCluster(
      EmbeddedBroker broker,
      EmbeddedRegistry registry,
      TopicCatalogue.Sizing sizing,
      Optional<Path> temporary) {
    this.broker = broker;
    this.registry = registry;
    this.sizing = sizing;
    this.temporary = temporary;
  }

  /**
   * Ports, partitions, and what to do if the broker fails.
   *
   * @param brokerPort the broker's port on 127.0.0.1, or 0 for a free one
   * @param registryPort the registry's port on 127.0.0.1, or 0 for a free one
   * @param sizing of topics that do not exist yet
   * @param onFatalFault see {@link EmbeddedBroker#start(Path, int, Consumer)}
   */
  public record Options(
      int brokerPort,
      int registryPort,
      TopicCatalogue.Sizing sizing,
      Consumer<EmbeddedClusterException> onFatalFault) {

    /** The broker on a port, or on a free one if it is 0; the registry on a free one; the usual partitions. */
    public static Options onPort(int brokerPort) {
      return new Options(brokerPort, 0, TopicCatalogue.Sizing.DEFAULT, fault -> {});
    }
  }

  /**
   * Starts a cluster with the usual options.
   *
   * @param directory its data; created if it is new
   * @param port the broker's port on 127.0.0.1, or 0 for a free one
   * @throws EmbeddedClusterException as {@link #start(Path, Options)}
   */
  public static EmbeddedCluster start(Path directory, int port) {
    return start(directory, Options.onPort(port));
  }

  /**
   * Starts a cluster and waits until it serves clients.
   *
   * @param directory its data; created if it is new
   * @throws EmbeddedClusterException if a port is taken or the directory cannot be used; nothing is left running
   * @throws TopicCatalogue.MismatchException if the directory holds topics that do not fit the catalogue
   */
  public static EmbeddedCluster start(Path directory, Options options) {
    return start(directory, options, Optional.empty());
  }

  /** Starts a cluster on free ports over a new temporary directory, which is deleted when the cluster is closed. */
  public static EmbeddedCluster startTemporary() {
    return startTemporary(TopicCatalogue.Sizing.DEFAULT);
  }

  /** As {@link #startTemporary()}, with topics of the given size: fewer partitions start and stop faster. */
  public static EmbeddedCluster startTemporary(TopicCatalogue.Sizing sizing) {
    try {
      Path directory = Files.createTempDirectory("coppice-cluster-");
      return start(directory, new Options(0, 0, sizing, fault -> {}), Optional.of(directory));
    } catch (IOException e) {
      throw new EmbeddedClusterException(
          "No temporary directory can be made for the cluster: " + e.getMessage(), e);
    }
  }

  private static EmbeddedCluster start(Path directory, Options options, Optional<Path> temporary) {
    EmbeddedBroker broker = null;
    EmbeddedRegistry registry = null;
    try {
      broker =
          EmbeddedBroker.start(
              directory.resolve("broker"), options.brokerPort(), options.onFatalFault());
      registry = EmbeddedRegistry.start(broker.bootstrap(), options.registryPort());
      ClusterConfig config = new ClusterConfig(broker.bootstrap(), registry.url());
      return new EmbeddedCluster(
          broker, registry, ensureTopics(config, options.sizing()), temporary);
    } catch (RuntimeException e) {
      close(broker, registry, temporary);
      throw e;
    }
  }

  private static TopicCatalogue.Sizing ensureTopics(
      ClusterConfig config, TopicCatalogue.Sizing sizing) {
    try (Admin admin = Admin.create(config.kafka())) {
      return new TopicCatalogue(config.topicPrefix()).ensure(admin, sizing);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EmbeddedClusterException("The start of the cluster was interrupted.", e);
    }
  }

  /** How to reach the cluster. */
  public ClusterConfig config() {
    return new ClusterConfig(broker.bootstrap(), registry.url());
  }

  /** The partitions that the topics have, which for those that existed before need not be those asked for. */
  public TopicCatalogue.Sizing sizing() {
    return sizing;
  }

  @Override
  public void close() {
    close(broker, registry, temporary);
  }

  private static void close(
      EmbeddedBroker broker, EmbeddedRegistry registry, Optional<Path> temporary) {
    if (registry != null) {
      registry.close();
    }
    if (broker != null) {
      broker.close();
    }
    temporary.ifPresent(EmbeddedCluster::delete);
  }

  private static void delete(Path directory) {
    try (Stream<Path> paths = Files.walk(directory)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
