package io.coppice.aggregator;

import io.coppice.schemas.ClusterConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * How an instance of the aggregator runs. Instances with the same application id and prefix share the work.
 *
 * @param cluster how to reach the log
 * @param applicationId consumer group, prefix of the changelog topics and of the transactional ids
 * @param stateDirectory where the state stores lie; kept over a restart it makes the restart quick, lost it is restored from the log
 * @param threads stream threads, at least 1
 * @param commitInterval wall-clock time between two commits, at least 1 ms; rounds that open or close, and aggregates, are committed at once
 * @param tickInterval wall-clock time between two ticks of a run that waits for a deadline, at least 1 ms
 * @param standbyReplicas copies of the state kept ready on other instances, at least 0
 * @param instanceId name of this instance for static membership, so that a quick restart moves no work; empty: dynamic membership
 */
public record AggregatorConfig(
    ClusterConfig cluster,
    String applicationId,
    Path stateDirectory,
    int threads,
    Duration commitInterval,
    Duration tickInterval,
    int standbyReplicas,
    Optional<String> instanceId) {

  public static final Duration DEFAULT_COMMIT_INTERVAL = Duration.ofMillis(100);
  public static final Duration DEFAULT_TICK_INTERVAL = Duration.ofSeconds(1);

  public AggregatorConfig {
    if (threads < 1) {
      throw new IllegalArgumentException("At least 1 thread is needed, not " + threads + ".");
    }
    if (standbyReplicas < 0) {
      throw new IllegalArgumentException(
          "There are 0 or more standby replicas, not " + standbyReplicas + ".");
    }
    if (commitInterval.toMillis() < 1 || tickInterval.toMillis() < 1) {
      throw new IllegalArgumentException("Commits and ticks are at least 1 ms apart.");
    }
    if (!applicationId.matches("[A-Za-z0-9._-]+")) {
      throw new IllegalArgumentException(
          "The application id \""
              + applicationId
              + "\" is not made of letters, digits, '.', '_' and '-'.");
    }
  }

  /** One thread, the usual intervals, no standbys, the application id that follows from the topic prefix. */
  public AggregatorConfig(ClusterConfig cluster, Path stateDirectory) {
    this(
        cluster,
        applicationId(cluster.topicPrefix()),
        stateDirectory,
        1,
        DEFAULT_COMMIT_INTERVAL,
        DEFAULT_TICK_INTERVAL,
        0,
        Optional.empty());
  }

  /** The usual application id: {@code coppice-aggregator} for the prefix {@code coppice.}. */
  public static String applicationId(String topicPrefix) {
    String name = topicPrefix.replaceAll("[^A-Za-z0-9]+$", "");
    return name.isEmpty() ? "aggregator" : name + "-aggregator";
  }
}
