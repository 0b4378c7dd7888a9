package io.coppice.replay;

import io.coppice.replay.LogReader.Entry;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.Topic;
import io.coppice.schemas.TrainingRun;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/** The runs that the log defines. */
public final class Runs {

  private static final Duration POLL = Duration.ofMillis(200);

  private Runs() {}

  /** All runs, the oldest first. What is no definition of a run is warned of. */
  public static List<RunDefinition> all(ClusterConfig cluster, LogSerdes serdes) {
    return all(cluster, serdes, new IgnoredLog());
  }

  /**
   * All runs, the oldest first.
   *
   * @param ignored told of every record that is no definition of a run; a second definition of a run is none
   */
  public static List<RunDefinition> all(
      ClusterConfig cluster, LogSerdes serdes, IgnoredRecord.Listener ignored) {
    try (LogReader reader = new LogReader(cluster)) {
      int partitions = reader.partitions(Topic.RUNS);
      for (int p = 0; p < partitions; p++) {
        reader.followFromStart(Topic.RUNS, p);
      }
      Map<String, RunDefinition> runs = new HashMap<>();
      while (!reader.hasReachedEnd()) {
        for (Entry entry : reader.poll(POLL)) {
          RunRecords.definition(entry, serdes, partitions, ignored)
              .filter(found -> runs.putIfAbsent(found.id(), found) != null)
              .ifPresent(again -> ignored.ignored(duplicate(entry, again)));
        }
      }
      return runs.values().stream().sorted(Comparator.comparingLong(RunDefinition::since)).toList();
    }
  }

  private static IgnoredRecord duplicate(Entry entry, RunDefinition run) {
    return new IgnoredRecord(
        LogPosition.of(entry),
        IgnoredRecord.Reason.DUPLICATE,
        "Run " + run.id() + " is defined already.");
  }

  /** A run by its id; the newest where the id is empty. */
  public static Optional<RunDefinition> find(
      ClusterConfig cluster, LogSerdes serdes, Optional<String> runId) {
    return find(cluster, serdes, runId, new IgnoredLog());
  }

  /**
   * A run by its id; the newest where the id is empty.
   *
   * @param ignored told of every record that is no definition of a run
   */
  public static Optional<RunDefinition> find(
      ClusterConfig cluster,
      LogSerdes serdes,
      Optional<String> runId,
      IgnoredRecord.Listener ignored) {
    List<RunDefinition> runs = all(cluster, serdes, ignored);
    return runId.isEmpty()
        ? runs.stream().reduce((older, newer) -> newer)
        : runs.stream().filter(run -> run.id().equals(runId.get())).findFirst();
  }

  /**
   * Writes a run's definition to the log: from then on it goes on by itself.
   *
   * @return the definition as the log has it
   * @throws IllegalArgumentException if the id is malformed or taken
   */
  public static RunDefinition define(ClusterConfig cluster, LogSerdes serdes, TrainingRun run)
      throws InterruptedException {
    if (!LogKeys.isName(run.getRunId())) {
      throw new IllegalArgumentException(
          "Run id '" + run.getRunId() + "' is not allowed: use 1 to 64 of a-z, 0-9 and '-'.");
    }
    if (find(cluster, serdes, Optional.of(run.getRunId())).isPresent()) {
      throw new IllegalArgumentException(
          "Run " + run.getRunId() + " exists already: choose another id.");
    }
    Map<String, Object> settings = cluster.kafka();
    settings.put("acks", "all");
    String topic = cluster.name(Topic.RUNS);
    try (var producer =
        new KafkaProducer<String, TrainingRun>(
            settings, new StringSerializer(), serdes.runs.serializer())) {
      int partition = LogKeys.runPartition(run.getRunId(), producer.partitionsFor(topic).size());
      var written =
          producer.send(new ProducerRecord<>(topic, partition, run.getRunId(), run)).get();
      return RunDefinition.of(run, written.timestamp());
    } catch (ExecutionException e) {
      throw new IllegalStateException(
          "The run cannot be written: " + e.getCause().getMessage(), e.getCause());
    }
  }
}
