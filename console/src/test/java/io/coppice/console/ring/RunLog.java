package io.coppice.console.ring;

import io.coppice.replay.LogReader;
import io.coppice.replay.LogReader.Entry;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.AgentJoined;
import io.coppice.schemas.AggregateShard;
import io.coppice.schemas.CheckpointShard;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.LedgerEntry;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.RoundOpened;
import io.coppice.schemas.RunFinished;
import io.coppice.schemas.Topic;
import io.coppice.schemas.UpdateShard;
import io.coppice.schemas.UpdateSubmitted;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** Every record of one run, in the order of each partition, as far as it has been read. */
final class RunLog implements AutoCloseable {

  /** A record and where it lies. */
  record At<T>(int partition, long offset, T value) {}

  private static final List<Topic> TOPICS =
      List.of(
          Topic.AGENTS,
          Topic.UPDATES,
          Topic.SUBMISSIONS,
          Topic.ROUNDS,
          Topic.AGGREGATES,
          Topic.IMPORTANCE,
          Topic.MASKS,
          Topic.CHECKPOINTS);

  final List<AgentJoined> joins = new ArrayList<>();
  final List<At<UpdateShard>> updates = new ArrayList<>();
  final List<UpdateSubmitted> submissions = new ArrayList<>();
  final List<Object> ledger = new ArrayList<>();
  final List<At<AggregateShard>> aggregates = new ArrayList<>();
  final List<MaskPublished> masks = new ArrayList<>();
  final List<CheckpointShard> checkpoints = new ArrayList<>();

  private final RunDefinition run;
  private final LogSerdes serdes;
  private final LogReader reader;
  private Predicate<Entry> leftOut = entry -> false;

  RunLog(ClusterConfig cluster, LogSerdes serdes, RunDefinition run) {
    this.run = run;
    this.serdes = serdes;
    this.reader = new LogReader(cluster);
    for (Topic topic : TOPICS) {
      for (int p = 0; p < reader.partitions(topic); p++) {
        reader.followFromStart(topic, p);
      }
    }
  }

  /** From now on leaves out what somebody has written who is no part of the ring. */
  void leaveOut(Predicate<Entry> strange) {
    leftOut = strange;
  }

  RunDefinition run() {
    return run;
  }

  /** Reads until nothing more comes; in a run that goes on, what there is. */
  void readOn() {
    readOn(
        reader,
        entry -> {
          if (LogKeys.isOfRun(entry.key(), run.id()) && !leftOut.test(entry)) {
            take(entry);
          }
        });
  }

  /** A fast run never leaves a reader without records, so to wait for a pause would be to wait for its end. */
  static void readOn(LogReader reader, Consumer<Entry> taker) {
    long goesOn = System.nanoTime() + Duration.ofMillis(300).toNanos();
    List<Entry> entries;
    do {
      entries = reader.poll(Duration.ofMillis(100));
      entries.forEach(taker);
    } while (!reader.hasReachedEnd()
        || !entries.isEmpty() && (reader.lag() > 0 || System.nanoTime() < goesOn));
  }

  private void take(Entry entry) {
    String topic = entry.topic().suffix();
    byte[] value = entry.value();
    switch (entry.topic()) {
      case AGENTS -> joins.add(serdes.agents.deserialize(topic, value));
      case UPDATES -> updates.add(at(entry, serdes.updates.deserialize(topic, value)));
      case SUBMISSIONS -> submissions.add(serdes.submissions.deserialize(topic, value));
      case ROUNDS -> {
        LedgerEntry event = serdes.rounds.deserialize(topic, value);
        ledger.add(event.getEvent());
      }
      case AGGREGATES, IMPORTANCE ->
          aggregates.add(at(entry, serdes.aggregates.deserialize(topic, value)));
      case MASKS -> masks.add(serdes.masks.deserialize(topic, value));
      case CHECKPOINTS -> checkpoints.add(serdes.checkpoints.deserialize(topic, value));
      default -> throw new AssertionError(entry.topic());
    }
  }

  private static <T> At<T> at(Entry entry, T value) {
    return new At<>(entry.partition(), entry.offset(), value);
  }

  /** Events of one type, in ledger order. */
  <E> List<E> events(Class<E> type) {
    return ledger.stream().filter(type::isInstance).map(type::cast).toList();
  }

  List<RoundClosed> closed() {
    return events(RoundClosed.class);
  }

  boolean hasClosed(int round) {
    return closed().stream().anyMatch(c -> c.getRound() == round);
  }

  /** The round that is open now. */
  Optional<RoundOpened> open() {
    List<RoundOpened> opened = events(RoundOpened.class);
    return opened.isEmpty() || hasClosed(opened.getLast().getRound())
        ? Optional.empty()
        : Optional.of(opened.getLast());
  }

  /** Rounds in which an agent's update counts. */
  List<Integer> roundsOf(String agent) {
    return closed().stream()
        .filter(c -> c.getContributors().stream().anyMatch(a -> a.getAgentId().equals(agent)))
        .map(RoundClosed::getRound)
        .toList();
  }

  /** Whether the ledger has ended, and what the pruning service has to add is there. */
  boolean isComplete() {
    int behindLast = run.lastRound() + 1;
    return !events(RunFinished.class).isEmpty()
        && checkpoints.stream().anyMatch(c -> c.getRound() == behindLast);
  }

  @Override
  public void close() {
    reader.close();
  }
}
