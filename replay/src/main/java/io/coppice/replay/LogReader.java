package io.coppice.replay;

import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.Topic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * Reads partitions of the log by assignment, committed records only, without a consumer group: everybody who folds needs
 * everything. Used by one thread.
 */
public final class LogReader implements AutoCloseable {

  /**
   * One record.
   *
   * @param value the bytes as they lie in the log; null for a tombstone
   */
  public record Entry(
      Topic topic, int partition, long offset, long timestamp, String key, byte[] value) {}

  private final ClusterConfig cluster;
  private final KafkaConsumer<String, byte[]> consumer;
  private final Map<String, Topic> topicByName = new HashMap<>();

  /** Where each partition ended when it was first followed. */
  private final Map<TopicPartition, Long> ends = new HashMap<>();

  public LogReader(ClusterConfig cluster) {
    this(cluster, cluster.reader());
  }

  /**
   * @param fetchBytes what is read ahead at most, unless a single record is longer: for those who have many readers
   */
  LogReader(ClusterConfig cluster, int fetchBytes) {
    this(cluster, withFetchBytes(cluster.reader(), fetchBytes));
  }

  private LogReader(ClusterConfig cluster, Map<String, Object> settings) {
    this.cluster = cluster;
    this.consumer =
        new KafkaConsumer<>(settings, new StringDeserializer(), new ByteArrayDeserializer());
    for (Topic topic : Topic.values()) {
      topicByName.put(cluster.name(topic), topic);
    }
  }

  private static Map<String, Object> withFetchBytes(Map<String, Object> settings, int fetchBytes) {
    settings.put("max.partition.fetch.bytes", fetchBytes);
    settings.put("fetch.max.bytes", fetchBytes);
    return settings;
  }

  /** Number of partitions of a topic; 0 if the cluster has no such topic. */
  public int partitions(Topic topic) {
    return consumer.partitionsFor(cluster.name(topic)).size();
  }

  /**
   * Follows all partitions of a topic from given offsets.
   *
   * @param offsets one a partition
   */
  public void followFrom(Topic topic, List<Long> offsets) {
    Map<TopicPartition, Long> from = new LinkedHashMap<>();
    for (int p = 0; p < offsets.size(); p++) {
      from.put(partition(topic, p), offsets.get(p));
    }
    assign(from.keySet());
    follow(from);
  }

  /** Follows a partition from an offset. */
  public void followFrom(Topic topic, int partition, long offset) {
    TopicPartition tp = new TopicPartition(cluster.name(topic), partition);
    assign(List.of(tp));
    follow(Map.of(tp, offset));
  }

  /** Follows a partition from its beginning. */
  public void followFromStart(Topic topic, int partition) {
    TopicPartition tp = partition(topic, partition);
    assign(List.of(tp));
    follow(consumer.beginningOffsets(List.of(tp)));
  }

  /** Follows every partition of a topic from its beginning. */
  public void followFromStart(Topic topic) {
    List<TopicPartition> all = all(topic);
    assign(all);
    follow(consumer.beginningOffsets(all));
  }

  /** Follows every partition of a topic from its end: what becomes readable from now on. */
  public void followFromEnd(Topic topic) {
    List<TopicPartition> all = all(topic);
    assign(all);
    follow(consumer.endOffsets(all));
  }

  private List<TopicPartition> all(Topic topic) {
    List<TopicPartition> all = new ArrayList<>();
    for (int p = 0; p < partitions(topic); p++) {
      all.add(partition(topic, p));
    }
    return all;
  }

  private TopicPartition partition(Topic topic, int partition) {
    return new TopicPartition(cluster.name(topic), partition);
  }

  /**
   * Follows a partition from the first record that the broker stamped at or after a time.
   *
   * @param timestamp milliseconds since the epoch
   */
  public void followSince(Topic topic, int partition, long timestamp) {
    TopicPartition tp = partition(topic, partition);
    assign(List.of(tp));
    // The end is asked for first: what is written between the two questions lies behind it and is
    // not missed.
    Map<TopicPartition, Long> end = consumer.endOffsets(List.of(tp));
    OffsetAndTimestamp found = consumer.offsetsForTimes(Map.of(tp, timestamp)).get(tp);
    follow(found == null ? end : Map.of(tp, found.offset()));
  }

  /** Follows every partition of a topic from the first record stamped at or after a time. */
  public void followSince(Topic topic, long timestamp) {
    for (int p = 0; p < partitions(topic); p++) {
      followSince(topic, p, timestamp);
    }
  }

  /** Comes before any question about offsets: the client complains about answers for partitions that it has not been given. */
  private void assign(Collection<TopicPartition> more) {
    List<TopicPartition> assignment = new ArrayList<>(consumer.assignment());
    assignment.addAll(more);
    consumer.assign(assignment);
  }

  private void follow(Map<TopicPartition, Long> from) {
    ends.putAll(consumer.endOffsets(from.keySet()));
    from.forEach(consumer::seek);
  }

  /** Stops following a topic. */
  public void unfollow(Topic topic) {
    List<TopicPartition> assignment = new ArrayList<>(consumer.assignment());
    assignment.removeIf(tp -> tp.topic().equals(cluster.name(topic)));
    consumer.assign(assignment);
  }

  /** Whether everything that was in the topic when it was first followed has been read. */
  public boolean hasReachedEnd(Topic topic) {
    for (TopicPartition tp : consumer.assignment()) {
      if (tp.topic().equals(cluster.name(topic)) && consumer.position(tp) < ends.get(tp)) {
        return false;
      }
    }
    return true;
  }

  /** Whether everything that was in the followed topics when they were first followed has been read. */
  public boolean hasReachedEnd() {
    Set<TopicPartition> assignment = consumer.assignment();
    return assignment.stream().allMatch(tp -> consumer.position(tp) >= ends.get(tp));
  }

  /** Whether everything that was in a partition when it was first followed has been read. */
  public boolean hasReachedEnd(Topic topic, int partition) {
    TopicPartition tp = partition(topic, partition);
    return consumer.position(tp) >= ends.get(tp);
  }

  /** Lets a partition that is followed wait: polls return nothing of it until it is resumed. */
  public void pause(Topic topic, int partition) {
    consumer.pause(List.of(partition(topic, partition)));
  }

  /** Goes on with a partition that was paused; one that was not stays as it is. */
  public void resume(Topic topic, int partition) {
    consumer.resume(List.of(partition(topic, partition)));
  }

  /** Offset of the next record of a partition that is followed; empty if it is not. */
  public OptionalLong position(Topic topic, int partition) {
    TopicPartition tp = partition(topic, partition);
    return consumer.assignment().contains(tp)
        ? OptionalLong.of(consumer.position(tp))
        : OptionalLong.empty();
  }

  /** Records behind those that have been read, in all partitions that are followed; as of the last poll. */
  public long lag() {
    return consumer.assignment().stream().mapToLong(tp -> consumer.currentLag(tp).orElse(0)).sum();
  }

  /** The next records, as soon as there are any; none if the time is up. */
  public List<Entry> poll(Duration atMost) {
    List<Entry> entries = new ArrayList<>();
    for (ConsumerRecord<String, byte[]> r : consumer.poll(atMost)) {
      entries.add(
          new Entry(
              topicByName.get(r.topic()),
              r.partition(),
              r.offset(),
              r.timestamp(),
              r.key(),
              r.value()));
    }
    return entries;
  }

  @Override
  public void close() {
    consumer.close();
  }
}
