package io.coppice.aggregator.rounds;

import static io.coppice.aggregator.Ring.RUN;
import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.aggregator.EarlierSchemas;
import io.coppice.aggregator.Ring;
import io.coppice.aggregator.StateCodec;
import io.coppice.aggregator.state.Phase;
import io.coppice.aggregator.state.RunProgress;
import io.coppice.schemas.RejectReason;
import io.coppice.schemas.SignatureRule;
import io.coppice.schemas.Signatures;
import io.coppice.schemas.TrainingRun;
import io.coppice.schemas.TrustedKey;
import io.coppice.schemas.UpdateChecked;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.message.BinaryMessageEncoder;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.processor.TaskId;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunStoreTest {

  private final KeyValueStore<String, byte[]> entries =
      Stores.keyValueStoreBuilder(
              Stores.inMemoryKeyValueStore("entries"), Serdes.String(), Serdes.ByteArray())
          .withLoggingDisabled()
          .build();
  private final RunStore store = new RunStore(entries);

  @TempDir Path directory;

  @BeforeEach
  void open() {
    Properties settings = new Properties();
    settings.put("application.id", "test");
    settings.put("bootstrap.servers", "nowhere:1");
    entries.init(
        new MockProcessorContext<>(settings, new TaskId(1, 0), directory.toFile())
            .getStateStoreContext(),
        entries);
  }

  @Test
  void whatWasStoredBeforeThereWereDigestsIsReadAsHavingNone() {
    RunProgress progress =
        RunProgress.newBuilder(store.progress(RUN))
            .setPhase(Phase.FINISHED)
            .setRound(7)
            .setClosedDeltaShards(3)
            .setLastDigest(ByteBuffer.wrap(new byte[] {1, 2}))
            .build();
    byte[] earlier =
        earlier(
            RunProgress.newBuilder(progress).setPhase(Phase.STARTING).build(),
            schema(0x75a75da78e377bf3L));
    // Behind marker and fingerprint; FINISHED was the fourth phase then, and zigzag doubles.
    earlier[10] = 2 * 3;
    entries.put("progress/" + RUN, earlier);
    assertThat(store.progress(RUN))
        .isEqualTo(RunProgress.newBuilder(progress).setClosedDeltaShards(0).build());
    assertThat(store.events(RUN).remaining()).isZero();
  }

  @Test
  void aRunThatWasStoredBeforeRunsCouldBeStoppedIsNot() throws IOException {
    RunProgress progress =
        RunProgress.newBuilder(store.progress(RUN))
            .setPhase(Phase.WAITING_FOR_MASK)
            .setRound(4)
            .setDigestsMissing(2)
            .build();
    entries.put("progress/" + RUN, earlier(progress, schema(0xf4faf9a1af2a8ec9L)));
    assertThat(store.progress(RUN)).isEqualTo(progress);
    assertThat(progress.getStopped()).isFalse();
  }

  @Test
  void aDefinitionThatWasStoredBeforeThereWereTrustedKeysRequiresSignatures() throws IOException {
    TrainingRun run = Ring.run(RUN);
    run.setSignatures(SignatureRule.OPTIONAL);
    entries.put("definition/" + RUN, earlierDefinition(run, schema(0xaa54be444325dd0aL)));
    assertThat(store.definition(RUN)).contains(Ring.run(RUN));
  }

  @Test
  void aDefinitionThatWasStoredBeforeThereWereSharesOfImportanceHasNone() throws IOException {
    TrainingRun run = Ring.run(RUN);
    entries.put("definition/" + RUN, earlierDefinition(run, schema(0xc34829c85ba93f3aL)));
    assertThat(store.definition(RUN)).contains(run);
    assertThat(run.getPruning().getImportanceShare()).isNull();
  }

  @Test
  void aCheckThatWasStoredBeforeThereWereFurtherReasonsIsRead() {
    UpdateChecked check =
        new UpdateChecked(
            RUN,
            0,
            "a",
            ByteBuffer.wrap(new byte[] {7}),
            0,
            0,
            20L,
            3,
            0,
            List.of(),
            RejectReason.UNKNOWN_RUN,
            "so");
    entries.put("check/run-a/a/07/0", earlier(check, schema(0x8c4e6ff88b5899b5L)));
    assertThat(store.checks(RUN, "a", check.getSubmission())).containsExactly(check);
  }

  @Test
  void trustedKeysDoNotMakeTheDefinitionGrow() {
    TrainingRun run = Ring.run(RUN);
    ByteBuffer key = Signatures.encode(Signatures.newKeyPair().getPublic());
    run.setTrustedKeys(List.of(new TrustedKey("a", key)));
    store.putDefinition(run);
    assertThat(store.definition(RUN).orElseThrow().getTrustedKeys()).isEmpty();
    assertThat(store.trustedKey(RUN, "a")).contains(key);
    assertThat(store.trustedKey(RUN, "b")).isEmpty();
    assertThat(run.getTrustedKeys()).as("the record itself").hasSize(1);
  }

  private static Schema schema(long fingerprint) {
    return new EarlierSchemas().findByFingerprint(fingerprint);
  }

  /** An entry as it was written with an earlier schema: its fields are the first ones of today's. */
  private static <T extends SpecificRecord> byte[] earlier(T entry, Schema schema) {
    return StateCodec.encode(
        new BinaryMessageEncoder<>(SpecificData.getForClass(entry.getClass()), schema), entry);
  }

  /** A definition as it was written with an earlier schema, which has no logical types and lacks fields in records of its own. */
  private static byte[] earlierDefinition(TrainingRun run, Schema schema) throws IOException {
    byte[] today = StateCodec.encode(TrainingRun.getEncoder(), run);
    int header = 10; // marker and fingerprint
    GenericRecord former =
        new GenericDatumReader<GenericRecord>(TrainingRun.getClassSchema(), schema)
            .read(
                null,
                DecoderFactory.get().binaryDecoder(today, header, today.length - header, null));
    ByteBuffer bytes =
        new BinaryMessageEncoder<GenericRecord>(new GenericData(), schema).encode(former);
    return Arrays.copyOf(bytes.array(), bytes.limit());
  }
}
