package io.coppice.console.tail;

import static io.coppice.console.tail.SampleRecords.RUN;
import static io.coppice.console.tail.SampleRecords.entry;
import static io.coppice.console.tail.SampleRecords.update;
import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.replay.LogRecord;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.RejectReason;
import io.coppice.schemas.RejectedRecord;
import io.coppice.schemas.SchemaRegistry;
import io.coppice.schemas.Topic;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.apache.avro.Schema;
import org.junit.jupiter.api.Test;

class RecordDecoderTest {

  private static final String PREFIX = "test.";

  private final LogSerdes serdes = new LogSerdes(new Registry());
  private final RecordDecoder decoder = new RecordDecoder(serdes, PREFIX);

  private byte[] encodedUpdate() {
    return serdes.updates.serialize("test.updates", update(5, "agent-1"));
  }

  private FoundRecord rejected(String topic, byte[] payload) {
    RejectedRecord rejected =
        new RejectedRecord(topic, 3, 12L, RejectReason.MALFORMED, "Bad.", ByteBuffer.wrap(payload));
    return decoder.decode(
        entry(Topic.REJECTS, 0, 7, RUN, serdes.rejects.serialize("test.rejects", rejected)));
  }

  @Test
  void aRecordIsDecodedAndKnowsWhatItIsAbout() {
    byte[] bytes = encodedUpdate();
    FoundRecord found = decoder.decode(entry(Topic.UPDATES, 3, 7, "demo/importance/2", bytes));
    assertThat(found.record())
        .isEqualTo(
            new LogRecord(
                Topic.UPDATES,
                3,
                7,
                SampleRecords.TIME.toEpochMilli(),
                "demo/importance/2",
                update(5, "agent-1"),
                null,
                bytes.length));
    assertThat(found.subject()).contains(new Subject(OptionalInt.of(5), Set.of("agent-1")));
  }

  @Test
  void whatCannotBeDecodedIsNoFailure() {
    byte[] bytes = encodedUpdate();
    assertUnreadable(
        Topic.UPDATES,
        new byte[0],
        "not in Confluent's wire format (a zero byte, then a 4-byte schema id)");
    assertUnreadable(
        Topic.ROUNDS,
        bytes,
        "a io.coppice.schemas.UpdateShard where a io.coppice.schemas.LedgerEntry is expected");
    assertUnreadable(Topic.UPDATES, Arrays.copyOf(bytes, 20), "not a readable UpdateShard: ");
    assertUnreadable(
        Topic.UPDATES, new byte[] {0, 0, 0, 0, 99, 1}, "schema id 99 is not in the registry");
  }

  private void assertUnreadable(Topic topic, byte[] value, String reason) {
    FoundRecord found = decoder.decode(entry(topic, 0, 7, RUN, value));
    assertThat(found.subject()).isEmpty();
    assertThat(found.record().value()).isNull();
    assertThat(found.record().fault()).startsWith(reason);
    assertThat(found.record().bytes()).isEqualTo(value.length);
  }

  @Test
  void aTombstoneIsAboutItsKey() {
    FoundRecord found = decoder.decode(entry(Topic.AGENTS, 0, 7, "demo/agent-1", null));
    assertThat(found.record().value()).isNull();
    assertThat(found.record().fault()).isNull();
    assertThat(found.subject()).contains(new Subject(OptionalInt.empty(), Set.of("agent-1")));
    assertThat(decoder.decode(entry(Topic.AGENTS, 0, 7, null, null)).subject())
        .contains(new Subject(OptionalInt.empty(), Set.of()));
  }

  @Test
  void aRejectIsAboutWhatTheRecordWasAbout() {
    assertThat(rejected("test.updates", encodedUpdate()).subject())
        .contains(new Subject(OptionalInt.of(5), Set.of("agent-1")));
  }

  @Test
  void ofARejectThatCannotBeDecodedNobodyKnows() {
    assertThat(rejected("test.updates", new byte[] {1, 2, 3}).subject())
        .isEqualTo(Optional.empty());
    assertThat(rejected("other.updates", encodedUpdate()).subject()).isEmpty();
    assertThat(rejected("test.nothing", encodedUpdate()).subject()).isEmpty();
  }

  /** A schema's id is its place in a list, counted from 1. */
  private static final class Registry implements SchemaRegistry {
    private final List<Schema> schemas = new ArrayList<>();

    @Override
    public int idOf(String subject, Schema schema) {
      schemas.add(schema);
      return schemas.size();
    }

    @Override
    public Schema schemaOf(int id) {
      if (id < 1 || id > schemas.size()) {
        throw new UnknownSchemaException("There is no schema " + id + ".", null);
      }
      return schemas.get(id - 1);
    }
  }
}
