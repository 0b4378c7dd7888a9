package io.coppice.replay;

import io.coppice.replay.LogReader.Entry;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.RecordSerde;
import io.coppice.schemas.RunAction;
import io.coppice.schemas.RunCommand;
import io.coppice.schemas.RunCommands;
import io.coppice.schemas.Topic;
import io.coppice.schemas.TrainingRun;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
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
    return RunDefinition.of(
        run, write(cluster, Topic.RUNS, serdes.runs, run.getRunId(), run, "run").timestamp());
  }

  /**
   * Asks that a run stops or goes on: {@code aggregator-streams} does so, and writes to the ledger that it has, or to rejects why it
   * has not.
   *
   * @param reason why, for people, at most {@value RunCommands#MAX_REASON_CHARS} characters; may be empty
   * @param issuer who asks, such as user@host, at most {@value RunCommands#MAX_ISSUER_CHARS} characters; may be empty
   * @throws IllegalArgumentException if there is no such run, or a text is too long
   * @throws IllegalStateException if the cluster takes no commands, because an earlier version has made its topics
   */
  public static void command(
      ClusterConfig cluster,
      LogSerdes serdes,
      String runId,
      RunAction action,
      String reason,
      String issuer)
      throws InterruptedException {
    RunCommand command =
        new RunCommand(runId, action, reason, issuer, Instant.now().truncatedTo(ChronoUnit.MILLIS));
    RunCommands.fault(command)
        .ifPresent(
            fault -> {
              throw new IllegalArgumentException(fault);
            });
    if (find(cluster, serdes, Optional.of(runId)).isEmpty()) {
      throw new IllegalArgumentException("There is no run " + runId + ".");
    }
    try (LogReader reader = new LogReader(cluster)) {
      if (reader.partitions(Topic.COMMANDS) == 0) {
        throw new IllegalStateException(
            "There is no topic "
                + cluster.name(Topic.COMMANDS)
                + ": an aggregator of this version creates it when it starts.");
      }
    }
    write(cluster, Topic.COMMANDS, serdes.commands, runId, command, "command");
  }

  private static <T extends SpecificRecord> RecordMetadata write(
      ClusterConfig cluster, Topic topic, RecordSerde<T> serde, String runId, T record, String what)
      throws InterruptedException {
    Map<String, Object> settings = cluster.kafka();
    settings.put("acks", "all");
    String name = cluster.name(topic);
    try (var producer =
        new KafkaProducer<String, T>(settings, new StringSerializer(), serde.serializer())) {
      int partition = LogKeys.runPartition(runId, producer.partitionsFor(name).size());
      return producer.send(new ProducerRecord<>(name, partition, runId, record)).get();
    } catch (ExecutionException e) {
      throw new IllegalStateException(
          "The " + what + " cannot be written: " + e.getCause().getMessage(), e.getCause());
    }
  }
}
