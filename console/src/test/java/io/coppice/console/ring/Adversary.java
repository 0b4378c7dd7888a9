package io.coppice.console.ring;

import io.coppice.replay.LogPosition;
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
import io.coppice.schemas.RecordMutator;
import io.coppice.schemas.RecordMutator.Kind;
import io.coppice.schemas.RecordMutator.Mutant;
import io.coppice.schemas.RecordMutator.Raw;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.RunFinished;
import io.coppice.schemas.Topic;
import io.coppice.schemas.UpdateShard;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Somebody who may write every topic, and writes mutated copies of what is in the log into it. It leaves out what is not damage
 * but a well-formed lie, which nobody can tell from the truth when it comes ({@link #isLie}).
 */
final class Adversary implements AutoCloseable {

  /** What is mutated, and how often relative to the others: most of what all agents read. */
  private static final Map<Topic, Integer> SHARES =
      Map.of(
          Topic.ROUNDS, 30,
          Topic.MASKS, 25,
          Topic.AGGREGATES, 35,
          Topic.CHECKPOINTS, 25,
          Topic.IMPORTANCE, 10,
          Topic.SUBMISSIONS, 10,
          Topic.UPDATES, 10,
          Topic.METRICS, 5,
          Topic.AGENTS, 3,
          Topic.RUNS, 2);

  /** Not a map: two mutants may be the same. */
  private record Sent(Mutant mutant, Future<RecordMetadata> acknowledged) {}

  private final ClusterConfig cluster;
  private final LogSerdes serdes;
  private final RunDefinition run;
  private final LogReader reader;
  private final KafkaProducer<byte[], byte[]> producer;
  private final RecordMutator mutator;
  private final Random random;
  private final List<Topic> topics = new ArrayList<>();
  private final Map<Topic, List<Raw>> originals = new EnumMap<>(Topic.class);
  private final Map<LogPosition, Mutant> written = new HashMap<>();
  private int lastClosed = Integer.MIN_VALUE;

  /**
   * @param keys of the run's agents, to sign in their names
   */
  Adversary(
      ClusterConfig cluster,
      LogSerdes serdes,
      RunDefinition run,
      Map<String, KeyPair> keys,
      long seed) {
    this.cluster = cluster;
    this.serdes = serdes;
    this.run = run;
    this.reader = new LogReader(cluster);
    SHARES.keySet().stream()
        .sorted()
        .forEach(
            topic -> {
              originals.put(topic, new ArrayList<>());
              for (int i = 0; i < SHARES.get(topic); i++) {
                topics.add(topic);
              }
              for (int p = 0; p < reader.partitions(topic); p++) {
                reader.followFromStart(topic, p);
              }
            });
    this.producer =
        new KafkaProducer<>(cluster.kafka(), new ByteArraySerializer(), new ByteArraySerializer());
    this.mutator =
        new RecordMutator(serdes, 2, List.of("another-run", "agent-7", "Not_a_name"), keys, seed);
    this.random = new Random(seed);
  }

  /** Reads what is new in the log, and writes so many mutants of all that it has read. */
  void write(int mutants) throws InterruptedException {
    readOn();
    List<Sent> sent = new ArrayList<>();
    while (sent.size() < mutants) {
      List<Raw> pool = originals.get(topics.get(random.nextInt(topics.size())));
      Raw original = pool.get(random.nextInt(pool.size()));
      Mutant mutant = mutator.mutate(original);
      if (!mutant.raw().isIdenticalTo(original)
          && isTakenByBroker(mutant.raw())
          && !isLie(mutant, original)) {
        Raw raw = mutant.raw();
        sent.add(
            new Sent(
                mutant,
                producer.send(
                    new ProducerRecord<>(
                        cluster.name(raw.topic()), raw.partition(), raw.key(), raw.value()))));
      }
    }
    for (Sent one : sent) {
      try {
        RecordMetadata at = one.acknowledged().get();
        written.put(
            new LogPosition(one.mutant().raw().topic(), at.partition(), at.offset()), one.mutant());
      } catch (ExecutionException e) {
        throw new AssertionError(e);
      }
    }
  }

  /** In a compacted topic every record has a key; the broker itself sees to that. */
  private static boolean isTakenByBroker(Raw raw) {
    return raw.key() != null || raw.topic().retention() != Topic.Retention.COMPACTED;
  }

  private void readOn() {
    RunLog.readOn(
        reader,
        entry -> {
          if (LogKeys.isOfRun(entry.key(), run.id()) && !hasWritten(entry)) {
            byte[] key = entry.key().getBytes(StandardCharsets.UTF_8);
            originals
                .get(entry.topic())
                .add(new Raw(entry.topic(), entry.partition(), key, entry.value()));
            if (entry.topic() == Topic.ROUNDS
                && serdes.rounds.deserialize("", entry.value()).getEvent()
                    instanceof RoundClosed closed) {
              lastClosed = closed.getRound();
            }
          }
        });
  }

  /**
   * What the audit finds out later, but nobody who follows the run can: an event of the ledger without a digest of its own; an
   * aggregate or a checkpoint of a round that is yet to come, with the digest of its content; a join in an agent's name; and what an
   * agent has signed. A shard of the open round is none, but has its update refused, as it must: nobody knows which of two is meant.
   */
  private boolean isLie(Mutant mutant, Raw original) {
    SpecificRecord record = decoded(mutant.raw());
    boolean sealed = mutant.kind() == Kind.SEALED_FIELD;
    return switch (record) {
      case null -> false;
      case LedgerEntry entry ->
          !(entry.getEvent() instanceof RoundClosed)
              && !(entry.getEvent() instanceof RunFinished end && end.getDigest().hasRemaining());
      case AggregateShard shard ->
          sealed && shard.getRound() != ((AggregateShard) decoded(original)).getRound();
      case CheckpointShard shard ->
          sealed && shard.getRound() != ((CheckpointShard) decoded(original)).getRound();
      case AgentJoined joined ->
          joined.getRunId().equals(run.id()) && LogKeys.isName(joined.getAgentId());
      case UpdateShard shard -> shard.getRound() > lastClosed;
      default -> sealed && mutant.raw().topic() == Topic.SUBMISSIONS;
    };
  }

  /** Null if there is nothing to decode. */
  private SpecificRecord decoded(Raw raw) {
    try {
      return serdes.of(raw.topic()).deserialize("", raw.value());
    } catch (SerializationException e) {
      return null;
    }
  }

  /** Whether a record is a mutant. */
  boolean hasWritten(Entry entry) {
    return written.containsKey(new LogPosition(entry.topic(), entry.partition(), entry.offset()));
  }

  /** The mutants, by where they lie. */
  Map<LogPosition, Mutant> written() {
    return written;
  }

  @Override
  public void close() {
    reader.close();
    producer.close();
  }
}
