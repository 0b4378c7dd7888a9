package io.coppice.console.bench.aggregation;

import io.coppice.console.UserError;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.TopicCatalogue;
import io.coppice.schemas.TopicCatalogue.Sizing;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.function.Predicate;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.LogDirDescription;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A case with all that it needs: topics under a prefix of its own, aggregator processes, and a federation without learning. */
final class CaseRun implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(CaseRun.class);
  private static final Duration START_TIMEOUT = Duration.ofMinutes(3);
  private static final String CHANGELOG = "-changelog";

  private final BenchCase bench;
  private final ClusterConfig cluster;
  private final String applicationId;
  private final Admin admin;
  private final List<AggregatorInstance> instances = new ArrayList<>();
  private final List<RoundFigures> heldBack = new ArrayList<>();
  private final List<RoundFigures> live = new ArrayList<>();
  private SyntheticFederation federation;
  private int nextRound;

  /**
   * Starts everything and waits until it is ready for its first round.
   *
   * @param cluster with a topic prefix that nobody else uses
   * @param directory for the state of the instances
   */
  CaseRun(BenchCase bench, AggregateSettings settings, ClusterConfig cluster, Path directory)
      throws InterruptedException {
    this.bench = bench;
    this.cluster = cluster;
    this.applicationId = cluster.topicPrefix().replaceAll("\\.$", "");
    this.admin = Admin.create(cluster.kafka());
    try {
      new TopicCatalogue(cluster.topicPrefix()).ensure(admin, Sizing.DEFAULT);
      new LogSerdes(cluster.newRegistry()).registerAll(cluster.topicPrefix());
      for (int i = 0; i < bench.instances(); i++) {
        instances.add(
            AggregatorInstance.start(
                cluster, applicationId, bench, settings, directory.resolve("instance-" + i)));
      }
      awaitStableGroup();
      federation =
          new SyntheticFederation(
              cluster, settings, bench.agents(), settings.rounds(), this::checkHealth);
    } catch (RuntimeException | InterruptedException e) {
      close();
      throw e;
    }
  }

  BenchCase bench() {
    return bench;
  }

  SyntheticFederation federation() {
    return federation;
  }

  /** A round of each kind; its figures count unless it is to warm up. */
  void turn(boolean counts) throws InterruptedException {
    RoundFigures first = federation.heldBack(nextRound++, this::cpuSeconds);
    RoundFigures second =
        federation.live(nextRound++, this::cpuSeconds, counts ? () -> {} : this::collect);
    if (counts) {
      heldBack.add(first);
      live.add(second);
    }
  }

  /** What was measured so far. */
  CaseFigures figures() throws InterruptedException {
    long input = federation.bytesWritten();
    return new CaseFigures(
        bench,
        heldBack,
        live,
        (double) bytesOf(t -> t.startsWith(applicationId) && t.endsWith(CHANGELOG)) / input,
        (double) bytesOf(t -> t.startsWith(cluster.topicPrefix() + "internal.")) / input,
        instances.stream().mapToInt(AggregatorInstance::heapMegabytes).max().orElseThrow());
  }

  private void checkHealth() {
    instances.forEach(AggregatorInstance::checkAlive);
  }

  /** In the middle of a round, when the sums are on the heap: for the figure of what it needs. */
  private void collect() throws InterruptedException {
    for (AggregatorInstance instance : instances) {
      instance.collect();
    }
  }

  private double cpuSeconds() {
    return instances.stream().mapToDouble(AggregatorInstance::cpuSeconds).sum();
  }

  /** Until every thread has its share of the partitions. */
  private void awaitStableGroup() throws InterruptedException {
    long giveUp = System.nanoTime() + START_TIMEOUT.toNanos();
    while (!isStable()) {
      checkHealth();
      if (System.nanoTime() > giveUp) {
        throw UserError.failed(
            "The aggregator is not running after " + START_TIMEOUT.toMinutes() + " min.", null);
      }
      Thread.sleep(500);
    }
  }

  private boolean isStable() throws InterruptedException {
    try {
      ConsumerGroupDescription group =
          admin
              .describeConsumerGroups(List.of(applicationId))
              .describedGroups()
              .get(applicationId)
              .get();
      return group.groupState() == GroupState.STABLE
          && group.members().size() == bench.instances() * bench.threads()
          && group.members().stream().noneMatch(m -> m.assignment().topicPartitions().isEmpty());
    } catch (ExecutionException e) {
      return false; // nobody has joined yet
    }
  }

  /** Bytes on the brokers' disks, replicas not counted. */
  private long bytesOf(Predicate<String> topic) throws InterruptedException {
    try {
      List<Integer> brokers =
          admin.describeCluster().nodes().get().stream().map(node -> node.id()).toList();
      Map<TopicPartition, Long> sizes = new HashMap<>();
      for (var directories : admin.describeLogDirs(brokers).allDescriptions().get().values()) {
        for (LogDirDescription directory : directories.values()) {
          directory
              .replicaInfos()
              .forEach((partition, replica) -> sizes.merge(partition, replica.size(), Math::max));
        }
      }
      return sizes.entrySet().stream()
          .filter(size -> topic.test(size.getKey().topic()))
          .mapToLong(Map.Entry::getValue)
          .sum();
    } catch (ExecutionException e) {
      throw UserError.failed(
          "The brokers do not tell the size of topics: " + UserError.sentence(e.getCause()), e);
    }
  }

  /** Stops everything, and takes back what it has made on the cluster. */
  @Override
  public void close() {
    if (federation != null) {
      federation.close();
    }
    instances.forEach(AggregatorInstance::stop); // all at once
    instances.forEach(AggregatorInstance::close);
    try {
      List<String> ours =
          admin.listTopics().names().get().stream()
              .filter(t -> t.startsWith(cluster.topicPrefix()) || t.startsWith(applicationId + "-"))
              .toList();
      admin.deleteTopics(ours).all().get();
      admin.deleteConsumerGroups(List.of(applicationId)).all().get();
    } catch (ExecutionException | KafkaException e) {
      LOG.warn("topics of {} are left behind: {}", applicationId, e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      admin.close();
    }
  }
}
