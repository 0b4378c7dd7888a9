package io.coppice.console.faults;

import io.coppice.schemas.AgentJoined;
import io.coppice.schemas.AggregateShard;
import io.coppice.schemas.CheckpointShard;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.LedgerEntry;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.RejectedRecord;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.RoundOpened;
import io.coppice.schemas.RunFinished;
import io.coppice.schemas.Topic;
import io.coppice.schemas.UpdateRejected;
import io.coppice.schemas.UpdateShard;
import io.coppice.schemas.UpdateSubmitted;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * Every record of one run as far as it has been read, in the order of each partition: what is committed, or also what is not. Reads
 * with a plain consumer, and not with what the product reads with.
 */
final class LogCopy implements AutoCloseable {

  /** A record and where it lies. */
  record At<T>(Topic topic, int partition, long offset, long timestamp, String key, T value) {

    /** Where it lies. */
    Place place() {
      return new Place(topic, partition, offset);
    }
  }

  /** Where a record lies. */
  record Place(Topic topic, int partition, long offset) {}

  private static final Duration POLL = Duration.ofMillis(50);

  /** A fast run never leaves a reader without records, so to wait for a pause would be to wait for its end. */
  private static final Duration GOES_ON = Duration.ofMillis(300);

  private final String runId;
  private final LogSerdes serdes;
  private final KafkaConsumer<String, byte[]> consumer;
  private final Map<String, Topic> topics = new HashMap<>();
  private final Map<Topic, List<At<SpecificRecord>>> records = new EnumMap<>(Topic.class);
  private final List<At<byte[]>> unreadable = new ArrayList<>();

  /**
   * @param isolation {@code read_committed} or {@code read_uncommitted}
   */
  LogCopy(ClusterConfig cluster, LogSerdes serdes, String runId, String isolation) {
    this.runId = runId;
    this.serdes = serdes;
    Map<String, Object> settings = cluster.kafka();
    settings.put("isolation.level", isolation);
    settings.put("auto.offset.reset", "earliest");
    settings.put("enable.auto.commit", false);
    settings.put("fetch.max.wait.ms", 50);
    settings.put("max.partition.fetch.bytes", Topic.MAX_RECORD_BYTES);
    this.consumer =
        new KafkaConsumer<>(settings, new StringDeserializer(), new ByteArrayDeserializer());
    List<TopicPartition> all = new ArrayList<>();
    for (Topic topic : Topic.values()) {
      if (!topic.isInternal()) {
        topics.put(cluster.name(topic), topic);
        records.put(topic, new ArrayList<>());
        consumer
            .partitionsFor(cluster.name(topic))
            .forEach(p -> all.add(new TopicPartition(p.topic(), p.partition())));
      }
    }
    consumer.assign(all);
  }

  /** Reads until nothing more comes; in a run that goes on, what there is. */
  void readOn() {
    long goesOn = System.nanoTime() + GOES_ON.toNanos();
    ConsumerRecords<String, byte[]> read;
    do {
      read = consumer.poll(POLL);
      read.forEach(this::take);
    } while (!read.isEmpty() && (lag() > 0 || System.nanoTime() < goesOn));
  }

  private long lag() {
    return consumer.assignment().stream().mapToLong(tp -> consumer.currentLag(tp).orElse(1)).sum();
  }

  private void take(ConsumerRecord<String, byte[]> found) {
    String key = found.key();
    if (key == null || !(key.equals(runId) || key.startsWith(runId + "/"))) {
      return;
    }
    Topic topic = topics.get(found.topic());
    try {
      records.get(topic).add(at(found, serdes.of(topic).deserialize(found.topic(), found.value())));
    } catch (SerializationException e) {
      unreadable.add(at(found, found.value()));
    }
  }

  private <T> At<T> at(ConsumerRecord<String, byte[]> found, T value) {
    return new At<>(
        topics.get(found.topic()),
        found.partition(),
        found.offset(),
        found.timestamp(),
        found.key(),
        value);
  }

  /** Records of a topic that could be decoded. */
  private <T extends SpecificRecord> List<At<T>> all(Topic topic, Class<T> type) {
    List<At<T>> all = new ArrayList<>();
    for (At<SpecificRecord> at : records.get(topic)) {
      all.add(
          new At<>(at.topic, at.partition, at.offset, at.timestamp, at.key, type.cast(at.value)));
    }
    return all;
  }

  /** Where all the records of a topic lie that could be decoded. */
  Set<Place> places(Topic topic) {
    Set<Place> places = new HashSet<>();
    records.get(topic).forEach(at -> places.add(at.place()));
    return places;
  }

  /** Records that are not Avro, or not of their topic's schema. */
  List<At<byte[]>> unreadable() {
    return unreadable;
  }

  List<At<UpdateShard>> updates() {
    return all(Topic.UPDATES, UpdateShard.class);
  }

  List<At<UpdateSubmitted>> submissions() {
    return all(Topic.SUBMISSIONS, UpdateSubmitted.class);
  }

  /** Aggregates of deltas and of importance. */
  List<At<AggregateShard>> aggregates() {
    List<At<AggregateShard>> both = all(Topic.AGGREGATES, AggregateShard.class);
    both.addAll(all(Topic.IMPORTANCE, AggregateShard.class));
    return both;
  }

  List<At<MaskPublished>> masks() {
    return all(Topic.MASKS, MaskPublished.class);
  }

  List<At<CheckpointShard>> checkpoints() {
    return all(Topic.CHECKPOINTS, CheckpointShard.class);
  }

  List<At<AgentJoined>> joins() {
    return all(Topic.AGENTS, AgentJoined.class);
  }

  List<At<RejectedRecord>> rejects() {
    return all(Topic.REJECTS, RejectedRecord.class);
  }

  /** Events of the ledger of one type, in order. */
  <E> List<E> events(Class<E> type) {
    return all(Topic.ROUNDS, LedgerEntry.class).stream()
        .map(at -> at.value().getEvent())
        .filter(type::isInstance)
        .map(type::cast)
        .toList();
  }

  List<RoundClosed> closed() {
    return events(RoundClosed.class);
  }

  /** Number of the round closed last; -2 if none is. */
  int lastClosed() {
    List<RoundClosed> closed = closed();
    return closed.isEmpty() ? -2 : closed.getLast().getRound();
  }

  /** The longest time between two closed rounds, by the broker's clock. */
  Duration longestStandstill() {
    long longest = 0;
    long previous = Long.MAX_VALUE;
    for (At<LedgerEntry> at : all(Topic.ROUNDS, LedgerEntry.class)) {
      if (at.value().getEvent() instanceof RoundClosed) {
        longest = Math.max(longest, at.timestamp() - previous);
        previous = at.timestamp();
      }
    }
    return Duration.ofMillis(longest);
  }

  /** The round that is open now. */
  Optional<RoundOpened> open() {
    List<RoundOpened> opened = events(RoundOpened.class);
    return opened.isEmpty() || opened.getLast().getRound() <= lastClosed()
        ? Optional.empty()
        : Optional.of(opened.getLast());
  }

  /** Number of the round opened last; -2 if none is. */
  int lastOpened() {
    List<RoundOpened> opened = events(RoundOpened.class);
    return opened.isEmpty() ? -2 : opened.getLast().getRound();
  }

  /** Whether an agent has submitted for a round. */
  boolean hasSubmitted(String agent, int round) {
    return submissions().stream()
        .map(At::value)
        .anyMatch(s -> s.getAgentId().equals(agent) && s.getRound() == round);
  }

  /** Rounds in which an agent's update counts. */
  List<Integer> roundsOf(String agent) {
    return closed().stream()
        .filter(c -> c.getContributors().stream().anyMatch(a -> a.getAgentId().equals(agent)))
        .map(RoundClosed::getRound)
        .toList();
  }

  /** Rejections of an agent's updates. */
  List<UpdateRejected> rejectionsOf(String agent) {
    return events(UpdateRejected.class).stream().filter(r -> r.getAgentId().equals(agent)).toList();
  }

  /** Whether the ledger has ended, and what the pruning service has to add is there. */
  boolean isComplete(int lastRound) {
    return !events(RunFinished.class).isEmpty()
        && checkpoints().stream().anyMatch(c -> c.value().getRound() == lastRound + 1);
  }

  @Override
  public void close() {
    consumer.close();
  }
}
