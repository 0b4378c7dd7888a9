package io.coppice.schemas;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import org.apache.avro.Schema;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificRecord;

/**
 * Damages records as an accident or an adversary would: their bytes, one of their fields at any depth, or the place where they
 * lie. What it does follows from the seed and the records it is given. Used by one thread.
 */
public final class RecordMutator {

  /** What is done to a record. */
  public enum Kind {
    /** The value's bytes, whatever they mean. */
    BYTES,
    /** One field; a digest or signature stays that of the original. */
    FIELD,
    /** One field, and the record's own digest again that of its content; a submission is signed again by its agent. */
    SEALED_FIELD,
    /** One field of a submission, and a signature by somebody else. */
    FORGED_FIELD,
    /** Another key or partition. */
    PLACE
  }

  /**
   * A record as it lies in the log.
   *
   * @param key null if it has none
   * @param value null for a tombstone
   */
  @SuppressWarnings("ArrayRecordComponent") // compared by isIdenticalTo
  public record Raw(Topic topic, int partition, byte[] key, byte[] value) {

    /** Whether both are the same in every bit. */
    public boolean isIdenticalTo(Raw other) {
      return topic == other.topic
          && partition == other.partition
          && Arrays.equals(key, other.key)
          && Arrays.equals(value, other.value);
    }
  }

  /**
   * A mutated record.
   *
   * @param change what was done, for the message of a test that fails
   */
  public record Mutant(Kind kind, String change, Raw raw) {}

  private static final int HUGE = 100_000;
  private static final int[] INTERESTING = {
    0, 1, -1, -2, 2, 255, 65_536, 1 << 30, Integer.MAX_VALUE, Integer.MIN_VALUE
  };
  private static final double[] INTERESTING_REALS = {
    Double.NaN,
    Double.POSITIVE_INFINITY,
    Double.NEGATIVE_INFINITY,
    0,
    -0.0,
    -1,
    Double.MAX_VALUE,
    Double.MIN_VALUE
  };

  private final LogSerdes serdes;
  private final int partitions;
  private final List<String> names;
  private final Map<String, KeyPair> keys;
  private final KeyPair stranger = Signatures.newKeyPair();
  private final Random random;
  private byte[] previous = {};

  /** A place in a record that holds a value of some type, and how to put another one there. */
  private record Slot(String path, Schema schema, Object value, Consumer<Object> put) {}

  /**
   * @param partitions records are moved to one of so many
   * @param names ids of other runs and agents, which fields are exchanged for
   * @param keys of the agents, by id; submissions of others cannot be sealed
   */
  public RecordMutator(
      LogSerdes serdes, int partitions, List<String> names, Map<String, KeyPair> keys, long seed) {
    this.serdes = serdes;
    this.partitions = partitions;
    this.names = List.copyOf(names);
    this.keys = keys;
    this.random = new Random(seed);
  }

  /** A mutant of a random kind. It may, rarely, be identical to the original. */
  public Mutant mutate(Raw original) {
    Mutant mutant = mutate(original, kind());
    previous = original.value();
    return mutant;
  }

  private Kind kind() {
    int percent = random.nextInt(100);
    if (percent < 30) {
      return Kind.BYTES;
    } else if (percent < 60) {
      return Kind.FIELD;
    } else if (percent < 85) {
      return Kind.SEALED_FIELD;
    }
    return percent < 92 ? Kind.FORGED_FIELD : Kind.PLACE;
  }

  /** A mutant of a kind; of the kind that comes nearest where a record has no digest or signature. */
  public Mutant mutate(Raw original, Kind kind) {
    return switch (kind) {
      case BYTES -> bytes(original);
      case PLACE -> place(original);
      case FIELD, SEALED_FIELD, FORGED_FIELD -> field(original, kind);
    };
  }

  // Bytes

  private Mutant bytes(Raw original) {
    byte[] value = original.value().clone();
    String change;
    switch (random.nextInt(8)) {
      case 0 -> {
        value = null;
        change = "tombstone";
      }
      case 1 -> {
        value = new byte[0];
        change = "no bytes";
      }
      case 2 -> {
        value = Arrays.copyOf(value, random.nextInt(value.length));
        change = "truncated to " + value.length + " bytes";
      }
      case 3 -> {
        int length = value.length;
        value = Arrays.copyOf(value, length + 1 + random.nextInt(64));
        for (int i = length; i < value.length; i++) {
          value[i] = (byte) random.nextInt();
        }
        change = "extended to " + value.length + " bytes";
      }
      case 4 -> {
        int at = 1 + random.nextInt(4);
        value[at] = (byte) random.nextInt(at == 4 ? 32 : 256);
        change = "schema id byte " + at + " is " + value[at];
      }
      case 5 -> {
        int at = Math.min(value.length, previous.length) == 0 ? 0 : random.nextInt(value.length);
        int count = Math.min(value.length - at, Math.max(0, previous.length - at));
        System.arraycopy(previous, Math.min(at, previous.length), value, at, count);
        change = "spliced with another record from byte " + at + " on";
      }
      default -> {
        int flips = 1 + random.nextInt(8);
        for (int i = 0; i < flips; i++) {
          int bit = random.nextInt(8 * value.length);
          value[bit / 8] ^= (byte) (1 << bit % 8);
        }
        change = flips + " bits flipped";
      }
    }
    return new Mutant(
        Kind.BYTES, change, new Raw(original.topic(), original.partition(), original.key(), value));
  }

  // Place

  private Mutant place(Raw original) {
    byte[] key = original.key();
    int partition = original.partition();
    String change;
    switch (random.nextInt(5)) {
      case 0 -> {
        key = null;
        change = "no key";
      }
      case 1 -> {
        key = new byte[0];
        change = "empty key";
      }
      case 2 -> {
        key = name().getBytes(StandardCharsets.UTF_8);
        change = "another key";
      }
      case 3 -> {
        key = key == null ? new byte[] {'/'} : Arrays.copyOf(key, key.length + 1);
        key[key.length - 1] = (byte) random.nextInt();
        change = "longer key";
      }
      default -> {
        partition = random.nextInt(partitions);
        change = "partition " + partition;
      }
    }
    return new Mutant(
        Kind.PLACE, change, new Raw(original.topic(), partition, key, original.value()));
  }

  // Fields

  private Mutant field(Raw original, Kind wanted) {
    RecordSerde<? extends SpecificRecord> serde = serdes.of(original.topic());
    SpecificRecord record = serde.deserialize(original.topic().suffix(), original.value());
    List<Slot> slots = new ArrayList<>();
    record(record, "", slots);
    Slot slot = slots.get(random.nextInt(slots.size()));
    String change;
    change = mutate(slot);
    Kind kind = Kind.FIELD;
    if (wanted == Kind.SEALED_FIELD && seal(record)) {
      kind = Kind.SEALED_FIELD;
    } else if (wanted == Kind.FORGED_FIELD && record instanceof UpdateSubmitted submission) {
      submission.setSignature(Signatures.sign(submission, stranger.getPrivate()));
      kind = Kind.FORGED_FIELD;
    }
    return new Mutant(
        kind,
        slot.path() + ": " + change,
        new Raw(
            original.topic(),
            original.partition(),
            original.key(),
            serialize(serde, original, record)));
  }

  private static <T extends SpecificRecord> byte[] serialize(
      RecordSerde<T> serde, Raw original, SpecificRecord record) {
    @SuppressWarnings("unchecked") // it came out of this serde
    T typed = (T) record;
    return serde.serialize(original.topic().suffix(), typed);
  }

  /** Makes a record's digest, or its agent's signature, again that of its content. Returns whether it has one. */
  private boolean seal(SpecificRecord record) {
    switch (record) {
      case AggregateShard shard -> shard.setDigest(ContentDigest.of(shard));
      case MaskPublished mask -> mask.setDigest(ContentDigest.of(mask));
      case CheckpointShard shard -> shard.setDigest(ContentDigest.of(shard));
      case LedgerEntry entry when entry.getEvent() instanceof RoundClosed closed ->
          closed.setDigest(ContentDigest.of(entry.getRunId(), closed));
      case LedgerEntry entry when entry.getEvent() instanceof RunFinished finished ->
          finished.setDigest(ContentDigest.of(entry.getRunId(), finished));
      case UpdateSubmitted submission when keys.containsKey(submission.getAgentId()) ->
          submission.setSignature(
              Signatures.sign(submission, keys.get(submission.getAgentId()).getPrivate()));
      default -> {
        return false;
      }
    }
    return true;
  }

  private static void record(SpecificRecord record, String path, List<Slot> slots) {
    for (Schema.Field field : record.getSchema().getFields()) {
      slots(
          new Slot(
              path + "." + field.name(),
              field.schema(),
              record.get(field.pos()),
              value -> record.put(field.pos(), value)),
          slots);
    }
  }

  private static void slots(Slot slot, List<Slot> slots) {
    Schema schema = slot.schema();
    switch (schema.getType()) {
      case UNION -> {
        slots.add(slot);
        if (slot.value() != null) {
          int branch = SpecificData.get().resolveUnion(schema, slot.value());
          slots(
              new Slot(slot.path(), schema.getTypes().get(branch), slot.value(), slot.put()),
              slots);
        }
      }
      case RECORD -> record((SpecificRecord) slot.value(), slot.path(), slots);
      case ARRAY -> {
        List<Object> copy = new ArrayList<>((List<?>) slot.value());
        slot.put().accept(copy);
        slots.add(new Slot(slot.path(), schema, copy, slot.put()));
        for (int i = 0; i < copy.size(); i++) {
          int index = i;
          slots(
              new Slot(
                  slot.path() + "[" + i + "]",
                  schema.getElementType(),
                  copy.get(i),
                  value -> copy.set(index, value)),
              slots);
        }
      }
      default -> slots.add(slot);
    }
  }

  private String mutate(Slot slot) {
    Object mutated =
        switch (slot.schema().getType()) {
          case INT -> number((Integer) slot.value()).intValue();
          case LONG ->
              slot.value() instanceof Instant instant
                  ? Instant.ofEpochMilli(longNumber(instant.toEpochMilli()))
                  : (Object) longNumber((Long) slot.value());
          case FLOAT -> (float) real((Float) slot.value());
          case DOUBLE -> real((Double) slot.value());
          case BOOLEAN -> !(Boolean) slot.value();
          case STRING -> string((String) slot.value());
          case BYTES -> bytes((ByteBuffer) slot.value());
          case ENUM -> symbol(slot.schema());
          case ARRAY -> list((List<?>) slot.value());
          case UNION -> branch(slot.schema(), slot.value());
          default -> throw new AssertionError(slot.schema());
        };
    slot.put().accept(mutated);
    String shown = String.valueOf(mutated);
    return shown.length() > 60 ? shown.substring(0, 60) + "..." : shown;
  }

  private Long number(long value) {
    return switch (random.nextInt(4)) {
      case 0 -> value + 1;
      case 1 -> value - 1;
      case 2 -> -value;
      default -> (long) INTERESTING[random.nextInt(INTERESTING.length)];
    };
  }

  private long longNumber(long value) {
    return switch (random.nextInt(6)) {
      case 0 -> Long.MAX_VALUE;
      case 1 -> Long.MIN_VALUE;
      default -> number(value);
    };
  }

  private double real(double value) {
    return switch (random.nextInt(4)) {
      case 0 -> Math.nextUp(value);
      case 1 -> -value;
      default -> INTERESTING_REALS[random.nextInt(INTERESTING_REALS.length)];
    };
  }

  private String string(String value) {
    return switch (random.nextInt(8)) {
      case 0 -> "";
      case 1 -> "x".repeat(HUGE);
      case 2 -> "\u0000\u202e\ud83c\udf33\u00df\ud800";
      case 3 -> "../../" + value;
      case 4 -> value + "/0";
      case 5 -> value.isEmpty() ? "-" : value.substring(1);
      default -> name();
    };
  }

  private String name() {
    return names.get(random.nextInt(names.size()));
  }

  private ByteBuffer bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    switch (random.nextInt(6)) {
      case 0 -> bytes = new byte[0];
      case 1 -> bytes = Arrays.copyOf(bytes, Math.max(0, bytes.length - 1 - random.nextInt(8)));
      case 2 -> bytes = Arrays.copyOf(bytes, bytes.length + 1 + random.nextInt(8));
      case 3 -> Arrays.fill(bytes, (byte) 0xff); // as floats: NaN
      default -> {
        if (bytes.length > 0) {
          int bit = random.nextInt(8 * bytes.length);
          bytes[bit / 8] ^= (byte) (1 << bit % 8);
        }
      }
    }
    return ByteBuffer.wrap(bytes);
  }

  private Object symbol(Schema schema) {
    List<String> symbols = schema.getEnumSymbols();
    return SpecificData.get().createEnum(symbols.get(random.nextInt(symbols.size())), schema);
  }

  private List<Object> list(List<?> list) {
    List<Object> mutated = new ArrayList<>(list);
    if (mutated.isEmpty()) {
      return mutated;
    }
    int at = random.nextInt(mutated.size());
    switch (random.nextInt(5)) {
      case 0 -> mutated.clear();
      case 1 -> mutated.addAll(list);
      case 2 -> Collections.reverse(mutated);
      case 3 -> mutated.remove(at);
      default -> mutated.add(at, mutated.get(at));
    }
    return mutated;
  }

  /** Null instead of a value, a value instead of null, or a value of another branch. */
  private Object branch(Schema union, Object value) {
    List<Schema> branches = union.getTypes();
    Schema branch = branches.get(random.nextInt(branches.size()));
    if (value != null && branches.contains(Schema.create(Schema.Type.NULL))) {
      return null;
    }
    return any(branch);
  }

  private Object any(Schema schema) {
    return switch (schema.getType()) {
      case NULL -> null;
      case INT -> random.nextInt();
      case LONG -> random.nextLong();
      case DOUBLE -> random.nextDouble();
      case STRING -> name();
      case BYTES -> ByteBuffer.wrap(new byte[random.nextInt(64)]);
      case ENUM -> symbol(schema);
      case ARRAY -> new ArrayList<>(List.of(any(schema.getElementType())));
      case RECORD ->
          RandomRecords.of(
              SpecificData.get().getClass(schema).asSubclass(SpecificRecord.class),
              random.nextLong());
      default -> throw new AssertionError(schema);
    };
  }
}
