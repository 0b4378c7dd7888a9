package io.coppice.service;

import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.SchemaRegistry;
import io.coppice.schemas.TopicCatalogue;
import io.micronaut.context.annotation.Factory;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The log as beans: a cluster that answers and has its topics, and the serdes over its registry. */
@Factory
class LogAccess {

  private static final Logger LOG = LoggerFactory.getLogger(LogAccess.class);

  /**
   * @throws StartException if no broker answers in time, or the topics do not fit
   */
  @Singleton
  ClusterConfig cluster(ClusterSettings settings, Optional<InstanceName> name)
      throws InterruptedException {
    ClusterConfig cluster = settings.toConfig(name);
    Map<String, Object> admin = new LinkedHashMap<>(cluster.kafka());
    // Otherwise the client, when it is closed, would wait for its own time-out.
    int timeoutMillis =
        Math.toIntExact(TimeUnit.SECONDS.toMillis(settings.getStartTimeoutSeconds()));
    admin.put("default.api.timeout.ms", timeoutMillis);
    admin.put("request.timeout.ms", Math.min(timeoutMillis, 30_000));
    try (Admin client = Admin.create(admin)) {
      LOG.info("waiting for Kafka at {}", cluster.bootstrapServers());
      client.describeCluster().nodes().get(settings.getStartTimeoutSeconds(), TimeUnit.SECONDS);
      TopicCatalogue topics = new TopicCatalogue(cluster.topicPrefix());
      if (settings.isCreateTopics()) {
        topics.ensure(client, TopicCatalogue.Sizing.DEFAULT);
      } else {
        topics.await(client, Duration.ofSeconds(settings.getStartTimeoutSeconds()));
      }
      return cluster;
    } catch (TimeoutException | ExecutionException e) {
      throw new StartException(
          String.format(
              "No Kafka broker answers at %s (coppice.cluster.bootstrap-servers): %s",
              cluster.bootstrapServers(),
              e instanceof ExecutionException
                  ? e.getCause().getMessage()
                  : "waited " + settings.getStartTimeoutSeconds() + " s."),
          e);
    } catch (TopicCatalogue.MismatchException e) {
      throw new StartException(e.getMessage(), e);
    }
  }

  /**
   * @throws StartException if the registry does not answer in time, or refuses our schemas
   */
  @Singleton
  LogSerdes serdes(ClusterConfig cluster, ClusterSettings settings) throws InterruptedException {
    LogSerdes serdes = new LogSerdes(cluster.newRegistry());
    try {
      serdes.registerAll(
          cluster.topicPrefix(), Duration.ofSeconds(settings.getStartTimeoutSeconds()));
      return serdes;
    } catch (SchemaRegistry.RegistryException e) {
      throw new StartException("coppice.cluster.registry-url: " + e.getMessage(), e);
    }
  }
}
