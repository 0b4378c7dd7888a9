package io.coppice.aggregator.shards;

import io.coppice.aggregator.StateCodec;
import io.coppice.aggregator.state.Reference;
import io.coppice.schemas.ShardKind;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.function.Consumer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * The state of a shard aggregator: references to records of {@code updates} that are part of rounds not yet closed, one entry a
 * record so that the changelog grows by the same few bytes with each, and the last closed round of every run.
 *
 * <p>Keys are text, and sort by run, round, kind, shard and offset: {@code reference/RUN/ROUND/KIND/SHARD/OFFSET} in hexadecimal,
 * and {@code closed/RUN}.
 */
final class ReferenceStore {

  static final String NAME = "shard-references";

  private static final String REFERENCES = "reference/";
  private static final String CLOSED = "closed/";

  /** Rounds begin at -1; shifted by this they sort as text. */
  private static final int ROUND_SHIFT = 1;

  private final KeyValueStore<String, byte[]> store;

  ReferenceStore(KeyValueStore<String, byte[]> store) {
    this.store = store;
  }

  void put(Summand summand) {
    store.put(key(summand), StateCodec.encode(Reference.getEncoder(), summand.reference()));
  }

  /** Visits all references, by run, round, kind, shard and offset. */
  void forEach(Consumer<Summand> action) {
    try (KeyValueIterator<String, byte[]> entries =
        store.prefixScan(REFERENCES, new StringSerializer())) {
      while (entries.hasNext()) {
        KeyValue<String, byte[]> entry = entries.next();
        action.accept(summand(entry.key, entry.value));
      }
    }
  }

  /** Forgets the references of one round. */
  void deleteRound(RoundId round) {
    List<String> keys = new ArrayList<>();
    try (KeyValueIterator<String, byte[]> entries =
        store.prefixScan(prefix(round), new StringSerializer())) {
      entries.forEachRemaining(entry -> keys.add(entry.key));
    }
    keys.forEach(store::delete);
  }

  /** The round of a run that was closed last. */
  OptionalInt lastClosed(String runId) {
    byte[] round = store.get(CLOSED + runId);
    return round == null ? OptionalInt.empty() : OptionalInt.of(ByteBuffer.wrap(round).getInt());
  }

  void putLastClosed(RoundId round) {
    store.put(
        CLOSED + round.runId(), ByteBuffer.allocate(Integer.BYTES).putInt(round.round()).array());
  }

  private static String prefix(RoundId round) {
    return String.format(
        Locale.ROOT, "%s%s/%08x/", REFERENCES, round.runId(), round.round() + ROUND_SHIFT);
  }

  private static String key(Summand s) {
    return String.format(
        Locale.ROOT,
        "%s%x/%08x/%016x",
        prefix(s.round()),
        s.shard().kind().ordinal(),
        s.shard().shard(),
        s.offset());
  }

  private static Summand summand(String key, byte[] value) {
    String[] parts = key.split("/");
    return new Summand(
        new RoundId(parts[1], Integer.parseInt(parts[2], 16) - ROUND_SHIFT),
        new ShardId(
            ShardKind.values()[Integer.parseInt(parts[3], 16)], Integer.parseInt(parts[4], 16)),
        Long.parseLong(parts[5], 16),
        StateCodec.decode(Reference.getDecoder(), value));
  }
}
