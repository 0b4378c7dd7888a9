package io.coppice.schemas;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Creates the topics that are missing and checks those that are there. A topic with other partitions or another clean-up
 * than the catalogue says would lose evidence or misplace shards, so it is refused with a sentence that names it. How long an internal
 * topic is kept is no question of evidence: it is set right.
 */
public final class TopicCatalogue {

  private static final Logger log = LoggerFactory.getLogger(TopicCatalogue.class);
  private static final long TIMEOUT_SECONDS = 30;
  private static final String RETENTION = "retention.ms";

  /** Topics whose configuration does not fit. The message names the topic, what it has and what it needs. */
  public static final class MismatchException extends RuntimeException {
    MismatchException(String message) {
      super(message);
    }
  }

  /**
   * How many partitions and replicas new topics get.
   *
   * @param shardPartitions partitions of topics by shard: the bound on how many aggregator instances can share the work
   * @param runPartitions partitions of topics by run: the bound on how many coordinators can share the runs
   * @param replication replicas of every partition; empty for the broker's default
   */
  public record Sizing(int shardPartitions, int runPartitions, Optional<Short> replication) {
    public static final Sizing DEFAULT = new Sizing(12, 4, Optional.empty());

    public Sizing {
      if (shardPartitions < 1 || runPartitions < 1) {
        throw new IllegalArgumentException(
            "Topics need at least 1 partition, not "
                + Math.min(shardPartitions, runPartitions)
                + ".");
      }
    }

    int partitions(Topic topic) {
      return topic.partitioning() == Topic.Partitioning.BY_SHARD ? shardPartitions : runPartitions;
    }
  }

  private final String prefix;

  /**
   * @param prefix what every topic's name begins with, such as {@code coppice.}
   */
  public TopicCatalogue(String prefix) {
    this.prefix = prefix;
  }

  /**
   * Creates what is missing, checks what exists, and lengthens the retention of internal topics that are kept for less long than the
   * catalogue says. Safe to call from many processes at once.
   *
   * @param admin a connected admin client
   * @param sizing for the topics that are created; those that exist keep their own number of partitions
   * @return the number of partitions by shard and by run that are in force
   * @throws MismatchException if an existing topic does not fit
   */
  public Sizing ensure(Admin admin, Sizing sizing) throws InterruptedException {
    List<NewTopic> wanted = new ArrayList<>();
    Map<Topic.Partitioning, Integer> present = partitionsPresent(admin);
    for (Topic topic : Topic.values()) {
      int partitions = present.getOrDefault(topic.partitioning(), sizing.partitions(topic));
      wanted.add(
          new NewTopic(topic.name(prefix), Optional.of(partitions), sizing.replication())
              .configs(topic.configs()));
    }
    for (var created : admin.createTopics(wanted).values().entrySet()) {
      try {
        await(created.getValue());
      } catch (ExecutionException e) {
        if (!(e.getCause() instanceof TopicExistsException)) {
          throw new IllegalStateException(
              "Topic " + created.getKey() + " cannot be created: " + e.getCause().getMessage(),
              e.getCause());
        }
      }
    }
    Sizing found = check(admin);
    lengthenRetention(admin);
    return found;
  }

  /** A topic that comes later than the others has as many partitions as they, whatever is asked for now. */
  private Map<Topic.Partitioning, Integer> partitionsPresent(Admin admin)
      throws InterruptedException {
    List<String> names = Arrays.stream(Topic.values()).map(t -> t.name(prefix)).toList();
    var described = admin.describeTopics(names).topicNameValues();
    Map<Topic.Partitioning, Integer> present = new EnumMap<>(Topic.Partitioning.class);
    for (Topic topic : Topic.values()) {
      try {
        TopicDescription found = await(described.get(topic.name(prefix)));
        present.putIfAbsent(topic.partitioning(), found.partitions().size());
      } catch (ExecutionException e) {
        if (!(e.getCause() instanceof UnknownTopicOrPartitionException)) {
          throw new IllegalStateException(
              "Topic " + topic.name(prefix) + " cannot be described: " + e.getCause().getMessage(),
              e.getCause());
        }
      }
    }
    return present;
  }

  /** Earlier versions kept some internal topics for less long. Records that are gone are not missed: only outages are bridged. */
  private void lengthenRetention(Admin admin) throws InterruptedException {
    Map<ConfigResource, Topic> internal = new LinkedHashMap<>();
    for (Topic topic : Topic.values()) {
      if (topic.isInternal()) {
        internal.put(resource(topic), topic);
      }
    }
    try {
      Map<ConfigResource, Collection<AlterConfigOp>> raised = new LinkedHashMap<>();
      for (var described : await(admin.describeConfigs(internal.keySet()).all()).entrySet()) {
        String wanted = internal.get(described.getKey()).configs().get(RETENTION);
        long actual = Long.parseLong(described.getValue().get(RETENTION).value());
        if (actual >= 0 && actual < Long.parseLong(wanted)) {
          log.info("Topic {}: {} {} -> {}", described.getKey().name(), RETENTION, actual, wanted);
          raised.put(
              described.getKey(),
              List.of(
                  new AlterConfigOp(new ConfigEntry(RETENTION, wanted), AlterConfigOp.OpType.SET)));
        }
      }
      if (!raised.isEmpty()) {
        await(admin.incrementalAlterConfigs(raised).all());
      }
    } catch (ExecutionException e) {
      // Whoever may not do so is no aggregator; the next one that starts will.
      log.warn("The retention of internal topics stays short: {}", e.getCause().getMessage());
    }
  }

  private ConfigResource resource(Topic topic) {
    return new ConfigResource(ConfigResource.Type.TOPIC, topic.name(prefix));
  }

  /**
   * Checks that all topics exist and fit.
   *
   * @return the number of partitions in force
   * @throws MismatchException naming the first topic that is missing or does not fit
   */
  public Sizing check(Admin admin) throws InterruptedException {
    Map<Topic, Integer> partitions = new LinkedHashMap<>();
    Map<ConfigResource, Topic> resources = new LinkedHashMap<>();
    for (Topic topic : Topic.values()) {
      partitions.put(topic, describe(admin, topic).partitions().size());
      resources.put(resource(topic), topic);
    }
    int byShard = sameCount(partitions, Topic.Partitioning.BY_SHARD);
    int byRun = sameCount(partitions, Topic.Partitioning.BY_RUN);
    try {
      for (var described : await(admin.describeConfigs(resources.keySet()).all()).entrySet()) {
        checkConfigs(resources.get(described.getKey()), described.getValue());
      }
    } catch (ExecutionException e) {
      throw new IllegalStateException(
          "The topics cannot be described: " + e.getCause().getMessage(), e.getCause());
    }
    return new Sizing(byShard, byRun, Optional.empty());
  }

  /**
   * Waits until somebody else has created the topics, and checks them as far as this client may describe them.
   *
   * @param patience how long to wait for a topic that is missing
   * @throws MismatchException naming the first topic that is missing still, or does not fit
   */
  public void await(Admin admin, Duration patience) throws InterruptedException {
    long giveUp = System.nanoTime() + patience.toNanos();
    Map<Topic, Integer> partitions = new LinkedHashMap<>();
    for (Topic topic : Topic.values()) {
      describeIfAllowed(admin, topic, giveUp)
          .ifPresent(found -> partitions.put(topic, found.partitions().size()));
    }
    if (partitions.isEmpty()) {
      throw new MismatchException(
          "This user may describe none of the topics whose names begin with " + prefix + ".");
    }
    sameCount(partitions, Topic.Partitioning.BY_SHARD);
    sameCount(partitions, Topic.Partitioning.BY_RUN);
    for (Topic topic : partitions.keySet()) {
      ConfigResource resource = resource(topic);
      try {
        checkConfigs(topic, await(admin.describeConfigs(List.of(resource)).all()).get(resource));
      } catch (ExecutionException e) {
        if (!(e.getCause() instanceof AuthorizationException)) {
          throw new IllegalStateException(
              "Topic " + resource.name() + " cannot be described: " + e.getCause().getMessage(),
              e.getCause());
        }
      }
    }
  }

  /** Empty for a topic that is none of this client's business. */
  private Optional<TopicDescription> describeIfAllowed(Admin admin, Topic topic, long giveUp)
      throws InterruptedException {
    String name = topic.name(prefix);
    while (true) {
      try {
        return Optional.of(await(admin.describeTopics(List.of(name)).allTopicNames()).get(name));
      } catch (ExecutionException e) {
        if (e.getCause() instanceof AuthorizationException) {
          return Optional.empty();
        }
        if (!(e.getCause() instanceof UnknownTopicOrPartitionException)) {
          throw new IllegalStateException(
              "Topic " + name + " cannot be described: " + e.getCause().getMessage(), e.getCause());
        }
      }
      if (System.nanoTime() > giveUp) {
        throw new MismatchException("Topic " + name + " has not been created by anybody.");
      }
      Thread.sleep(500);
    }
  }

  private TopicDescription describe(Admin admin, Topic topic) throws InterruptedException {
    String name = topic.name(prefix);
    long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_SECONDS);
    while (true) {
      try {
        return await(admin.describeTopics(List.of(name)).allTopicNames()).get(name);
      } catch (ExecutionException e) {
        // A topic that another process has just created is not known to every broker at once.
        if (!(e.getCause() instanceof UnknownTopicOrPartitionException)
            || System.nanoTime() > giveUp) {
          throw new MismatchException(
              "Topic " + name + " cannot be described: " + e.getCause().getMessage());
        }
        Thread.sleep(100);
      }
    }
  }

  /** Partitions of the topics that are partitioned so; 0 where there are none of these. */
  private int sameCount(Map<Topic, Integer> partitions, Topic.Partitioning partitioning) {
    Topic first = null;
    for (Topic topic : partitions.keySet()) {
      if (topic.partitioning() != partitioning) {
        continue;
      }
      if (first == null) {
        first = topic;
      } else if (!partitions.get(topic).equals(partitions.get(first))) {
        throw new MismatchException(
            String.format(
                "Topic %s has %d partitions but %s has %d: both must have the same number.",
                topic.name(prefix),
                partitions.get(topic),
                first.name(prefix),
                partitions.get(first)));
      }
    }
    return first == null ? 0 : partitions.get(first);
  }

  private void checkConfigs(Topic topic, Config actual) {
    for (var wanted : topic.configs().entrySet()) {
      if (topic.isInternal() && wanted.getKey().equals(RETENTION)) {
        continue; // no evidence is lost with it
      }
      ConfigEntry entry = actual.get(wanted.getKey());
      String value = entry == null ? "" : entry.value();
      boolean fits =
          wanted.getKey().equals("max.message.bytes")
              ? Long.parseLong(value) >= Long.parseLong(wanted.getValue())
              : wanted.getValue().equals(value);
      if (!fits) {
        throw new MismatchException(
            String.format(
                "Topic %s has %s=%s but needs %s.",
                topic.name(prefix), wanted.getKey(), value, wanted.getValue()));
      }
    }
  }

  private static <V> V await(org.apache.kafka.common.KafkaFuture<V> future)
      throws InterruptedException, ExecutionException {
    try {
      return future.get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      throw new IllegalStateException(
          "The Kafka cluster has not answered within " + TIMEOUT_SECONDS + " s.", e);
    }
  }
}
