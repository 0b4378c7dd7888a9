package io.coppice.console.faults;

import io.coppice.console.faults.LogCopy.Place;
import io.coppice.console.ring.HandmadeUpdate;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.TransactionalWriter;
import io.coppice.schemas.AgentJoined;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.RejectReason;
import io.coppice.schemas.RoundOpened;
import io.coppice.schemas.ShardKind;
import io.coppice.schemas.Signatures;
import io.coppice.schemas.Topic;
import io.coppice.schemas.UpdateSubmitted;
import java.nio.ByteBuffer;
import java.security.KeyPair;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * An agent that has joined by right, signs what it sends, and sends something else that cannot be used in every round: values that are
 * not finite, shards of the wrong length or far too long, content that is not what was signed, and records that are no Avro. When its
 * update is rejected, it sends one that is in order.
 */
final class Saboteur implements AutoCloseable {

  static final String ID = "saboteur";

  /** Far longer than any shard, but still within what a broker takes. */
  private static final int OVERSIZED_VALUES = 3_000_000;

  /** What it does, one after the other. */
  private enum Deed {
    NOT_A_NUMBER,
    INFINITE,
    TOO_LONG,
    TOO_SHORT,
    OVERSIZED,
    CORRUPTED,
    ROTTEN_SHARD,
    ROTTEN_SUBMISSION
  }

  private final RunDefinition run;
  private final LogSerdes serdes;
  private final ClusterConfig cluster;
  private final KeyPair keys = Signatures.newKeyPair();
  private final TransactionalWriter writer;
  private final KafkaProducer<String, byte[]> producer;
  private final Map<ByteBuffer, Set<RejectReason>> spoilt = new HashMap<>();
  private final Set<Place> rotten = new HashSet<>();
  private int answered = Integer.MIN_VALUE;
  private int deeds;
  private int sent;
  private ByteBuffer refused;

  Saboteur(ClusterConfig cluster, LogSerdes serdes, RunDefinition run) {
    this.cluster = cluster;
    this.serdes = serdes;
    this.run = run;
    this.writer = new TransactionalWriter(cluster, ID, run.id());
    this.producer =
        new KafkaProducer<>(cluster.kafka(), new StringSerializer(), new ByteArraySerializer());
    writer.begin();
    writer.sendByRun(
        Topic.AGENTS,
        serdes.agents,
        LogKeys.agent(run.id(), ID),
        AgentJoined.newBuilder()
            .setRunId(run.id())
            .setAgentId(ID)
            .setJoinedAt(Instant.EPOCH)
            .setSampleCount(10)
            .setMaxWeight(10)
            .setCostProfile(null)
            .setPublicKey(Signatures.encode(keys.getPublic()))
            .build());
    writer.commit();
  }

  /** Updates that must be rejected, by submission, and for which reasons that may be. */
  Map<ByteBuffer, Set<RejectReason>> spoilt() {
    return spoilt;
  }

  /** Records that nobody can decode. */
  Set<Place> rotten() {
    return rotten;
  }

  /** Whether everything has been done once. */
  boolean isDone() {
    return deeds >= Deed.values().length;
  }

  /** Answers the round that is open, if it is asked and has not answered, or with something that was rejected since. */
  void answer(LogCopy log) {
    RoundOpened open = log.open().orElse(null);
    if (open == null || !open.getParticipants().contains(ID)) {
      return;
    }
    if (open.getRound() > answered) {
      answered = open.getRound();
      refused = null;
      if (isDone()) {
        sendGood(open, log);
      } else {
        spoil(Deed.values()[deeds], update(open, log));
        deeds++;
      }
    } else if (refused != null && isRejected(refused, log)) {
      refused = null;
      sendGood(open, log);
    }
  }

  private static boolean isRejected(ByteBuffer submission, LogCopy log) {
    return log.rejectionsOf(ID).stream().anyMatch(r -> r.getSubmissionDigest().equals(submission));
  }

  private HandmadeUpdate update(RoundOpened open, LogCopy log) {
    MaskPublished mask =
        log.masks().stream()
            .map(LogCopy.At::value)
            .filter(m -> m.getVersion() == open.getMaskVersion())
            .findFirst()
            .orElseThrow();
    return new HandmadeUpdate(run, open, mask, ID, sent++);
  }

  private void sendGood(RoundOpened open, LogCopy log) {
    send(update(open, log).signed(keys.getPrivate()));
  }

  private void send(HandmadeUpdate update) {
    update.send(writer, serdes, shard -> true);
  }

  private void spoil(Deed deed, HandmadeUpdate update) {
    switch (deed) {
      case NOT_A_NUMBER -> sendSpoilt(update.with(1, Float.NaN), true, RejectReason.NON_FINITE);
      case INFINITE ->
          sendSpoilt(update.with(2, Float.NEGATIVE_INFINITY), true, RejectReason.NON_FINITE);
      case TOO_LONG ->
          sendSpoilt(
              update.resized(0, run.run().getShardValues() + 1),
              true,
              RejectReason.WRONG_SHAPE,
              RejectReason.MALFORMED);
      case TOO_SHORT ->
          sendSpoilt(
              update.resized(1, run.run().getShardValues() - 1),
              true,
              RejectReason.WRONG_SHAPE,
              RejectReason.MALFORMED);
      case OVERSIZED ->
          sendSpoilt(
              update.resized(0, OVERSIZED_VALUES),
              true,
              RejectReason.WRONG_SHAPE,
              RejectReason.MALFORMED);
      case CORRUPTED -> {
        update.signed(keys.getPrivate()).with(3, 0.5f);
        sendSpoilt(update, false, RejectReason.DIGEST_MISMATCH);
      }
      case ROTTEN_SHARD -> {
        rot(Topic.UPDATES, LogKeys.shard(run.id(), ShardKind.DELTA, 0), 0);
        send(update.signed(keys.getPrivate()));
      }
      case ROTTEN_SUBMISSION -> {
        send(update.signed(keys.getPrivate()));
        rot(
            Topic.SUBMISSIONS,
            run.id(),
            LogKeys.runPartition(run.id(), writer.partitions(Topic.SUBMISSIONS)),
            update.submission());
      }
    }
  }

  private void sendSpoilt(HandmadeUpdate update, boolean sign, RejectReason... reasons) {
    if (sign) {
      update.signed(keys.getPrivate());
    }
    send(update);
    refused = ContentDigest.of(update.submission());
    spoilt.put(refused, Set.of(reasons));
  }

  private void rot(Topic topic, String key, int partition) {
    send(topic, key, partition, new byte[] {0, 0, 0, 0, 1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1});
  }

  /** The first half of a genuine record. */
  private void rot(Topic topic, String key, int partition, UpdateSubmitted submission) {
    byte[] whole = serdes.submissions.serialize(cluster.name(topic), submission);
    send(topic, key, partition, Arrays.copyOf(whole, whole.length / 2));
  }

  private void send(Topic topic, String key, int partition, byte[] value) {
    try {
      RecordMetadata at =
          producer.send(new ProducerRecord<>(cluster.name(topic), partition, key, value)).get();
      rotten.add(new Place(topic, at.partition(), at.offset()));
    } catch (InterruptedException | ExecutionException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public void close() {
    writer.close();
    producer.close();
  }
}
