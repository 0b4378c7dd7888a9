package io.coppice.audit.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coppice.audit.records.ListEvidence;
import io.coppice.audit.records.SmallRun;
import io.coppice.replay.LogRecord;
import io.coppice.replay.RecordCursor;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.AggregateShard;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.RunFinished;
import io.coppice.schemas.StartMask;
import io.coppice.schemas.Topic;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BundleWriterTest {

  @TempDir private Path directory;

  private final ListEvidence log = new ListEvidence();
  private SmallRun run;
  private Path bundle;

  @BeforeEach
  void writeLog() {
    bundle = directory.resolve("bundle");
    run = SmallRun.define(log, SmallRun.definition("run").build());
    run.mask(0, 0, run.full());
    run.round(0, 0, run.full(), new float[run.full().activeParameters()], "a", "b");
  }

  private BundleManifest write(RunDefinition definition) throws IOException {
    return new BundleWriter(log, "somewhere", "1.0").write(definition, bundle, f -> {});
  }

  @Test
  void theHeadOfTheLedgerIsItsLastClosedRoundOrItsSeal() throws IOException {
    LedgerHead going = write(run.run()).ledger().orElseThrow();
    assertThat(going.finished()).isFalse();
    assertThat(going.round()).isZero();
    assertThat(going.digest()).hasSize(64);

    RunFinished seal = run.finish(1);
    bundle = directory.resolve("finished");
    assertThat(write(run.run()).ledger())
        .contains(new LedgerHead(0, HexFormat.of().formatHex(seal.getDigest().array()), true));
  }

  @Test
  void aRunThatHasNotBegunHasNoHead() throws IOException {
    SmallRun fresh = SmallRun.define(log, SmallRun.definition("fresh").build());
    assertThat(write(fresh.run()).ledger()).isEmpty();
    assertThat(BundleEvidence.open(bundle).manifest().isIntact()).isTrue();
  }

  @Test
  void aggregatesOfRoundsThatCloseDuringTheExportAreLeftOut() throws IOException {
    float[] values = new float[run.full().activeParameters()];
    List<Integer> closed = new ArrayList<>();
    new BundleWriter(log, "somewhere", "1.0")
        .write(
            run.run(),
            bundle,
            done -> {
              if (closed.isEmpty()) {
                closed.add(1);
                run.round(1, 0, run.full(), values, "a", "b");
              }
            });
    assertThat(roundsOfAggregates()).containsExactly(0);
  }

  @Test
  void aggregatesThatALedgerWasCutOffBeforeAreKept() throws IOException {
    run.aggregate(1, 0, new float[run.full().activeParameters()]);
    write(run.run());
    assertThat(roundsOfAggregates()).containsExactly(0, 1);
  }

  private SortedSet<Integer> roundsOfAggregates() {
    SortedSet<Integer> rounds = new TreeSet<>();
    try (BundleEvidence evidence = BundleEvidence.open(bundle)) {
      for (int p = 0; p < ListEvidence.PARTITIONS; p++) {
        try (RecordCursor cursor = evidence.read(run.run(), Topic.AGGREGATES, p)) {
          for (var next = cursor.next(); next.isPresent(); next = cursor.next()) {
            rounds.add(((AggregateShard) next.get().value()).getRound());
          }
        }
      }
    }
    return rounds;
  }

  @Test
  void theMaskThatTheRunStartsFromComesWithIt() throws IOException {
    MaskPublished wanted = run.mask(1, 1, run.half());
    MaskPublished later = run.mask(2, 2, run.full());
    StartMask start = new StartMask("run", 1, wanted.getDigest());
    SmallRun second = SmallRun.define(log, SmallRun.definition("second").setStart(start).build());
    second.mask(0, 0, second.half());

    write(second.run());

    try (BundleEvidence evidence = BundleEvidence.open(bundle)) {
      assertThat(evidence.runs()).extracting(RunDefinition::id).containsExactly("run", "second");
      assertThat(evidence.find(Optional.empty()).orElseThrow().id()).isEqualTo("second");
      assertThat(evidence.startMask(start)).contains(wanted);
      assertThat(evidence.startMask(new StartMask("run", 2, later.getDigest()))).isEmpty();
      List<LogRecord> aggregates = new ArrayList<>();
      try (RecordCursor cursor = evidence.read(run.run(), Topic.AGGREGATES, 0)) {
        cursor.next().ifPresent(aggregates::add);
      }
      assertThat(aggregates).isEmpty();
    }
  }

  @Test
  void nothingIsWrittenIntoADirectoryThatHoldsSomething() throws IOException {
    Files.createDirectory(bundle);
    write(run.run());
    assertThatThrownBy(() -> write(run.run()))
        .isInstanceOf(BundleFormatException.class)
        .hasMessage(bundle + " is not empty: a bundle needs a directory that is new or empty.");
    bundle = Files.createFile(directory.resolve("file"));
    assertThatThrownBy(() -> write(run.run()))
        .isInstanceOf(BundleFormatException.class)
        .hasMessageContaining("is no directory");
  }

  @Test
  void afterAFailureNothingIsThere() throws IOException {
    log.add(Topic.REJECTS, 2, "run/delta/0", null);
    LogRecord tooLarge =
        new LogRecord(
            Topic.REJECTS, 2, 99, 0, "run/x", null, null, ContainerReader.MAX_BLOCK_BYTES);
    log.add(tooLarge);
    assertThatThrownBy(() -> write(run.run()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("rejects-2@99 has 67108864 bytes");
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void whatAKilledExportHasLeftIsReplacedAndNothingElse() throws IOException {
    Path part = Files.createDirectory(directory.resolve("bundle.part"));
    Files.writeString(part.resolve("updates-7.avro"), "half");
    assertThatThrownBy(() -> BundleEvidence.open(part)).isInstanceOf(BundleFormatException.class);
    write(run.run());
    assertThat(part).doesNotExist();
    assertThat(BundleEvidence.open(bundle).checkFiles(f -> {})).isEmpty();

    bundle = directory.resolve("second");
    Path foreign = Files.createDirectory(directory.resolve("second.part"));
    Files.writeString(foreign.resolve("thesis.txt"), "years of work");
    assertThatThrownBy(() -> write(run.run()))
        .isInstanceOf(BundleFormatException.class)
        .hasMessageContaining("is in the way");
    assertThat(foreign.resolve("thesis.txt")).exists();
  }

  @Test
  void filesThatAreNotThoseOfTheManifestAreNamed() throws IOException {
    write(run.run());
    Path masks = bundle.resolve("masks-0.avro");
    byte[] bytes = Files.readAllBytes(masks);
    bytes[bytes.length / 2] ^= 1;
    Files.write(masks, bytes);
    Files.delete(bundle.resolve("runs-0.avro"));
    Files.writeString(bundle.resolve("aggregates-1.avro"), "short");
    Files.createFile(bundle.resolve("notes.txt"));
    Path manifest = bundle.resolve("manifest.json");
    Files.writeString(manifest, Files.readString(manifest).replace("somewhere", "elsewhere"));

    assertThat(BundleEvidence.open(bundle).checkFiles(f -> {}))
        .extracting(FileFault::file)
        .containsExactlyInAnyOrder(
            "manifest.json", "runs-0.avro", "aggregates-1.avro", "masks-0.avro", "notes.txt");
  }

  @Test
  void theDigestIsOverTheTextThatTheDocumentationDescribes() throws IOException {
    BundleManifest manifest = write(run.run());
    assertThat(manifest.content().lines())
        .startsWith("coppice-evidence-bundle 1", "coppice 1.0", "run run")
        .contains("log somewhere", "topic updates 3", "topic rounds 1")
        .anyMatch(line -> line.matches("ledger 0 unfinished [0-9a-f]{64}"))
        .anyMatch(line -> line.matches("file masks-0.avro 1 7 7 \\d+ [0-9a-f]{64}"));
    assertThat(manifest.isIntact()).isTrue();
    assertThat(manifest.bytes())
        .isEqualTo(
            manifest.files().stream()
                .mapToLong(f -> bundle.resolve(f.name()).toFile().length())
                .sum());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "version" : 1     | "version" : 2      | is of version 2 of the format, and only version 1 is known.
          coppice-evidence  | chopped-evidence   | is not the manifest of an evidence bundle
          "run" : "run"     | "run" : "Run!"     | run is no run id
          masks-0.avro      | ../secret          | name is not masks-0.avro
          "masks" : 1       | "masques" : 1      | topics names the unknown topic 'masques'
          "masks" : 1,      |                    | topics lacks masks
          "records" : 1     | "records" : -1     | records is no integer of 1 to
          "files" :         | "file" :           | file is not known in this version of the format
          "somewhere"       | "some\\nwhere"     | log is no line of text
          {                 | [                  | is not JSON
          """)
  void whatIsNoManifestIsRefused(String there, String instead, String complaint)
      throws IOException {
    write(run.run());
    Path manifest = bundle.resolve("manifest.json");
    String text = Files.readString(manifest);
    Files.writeString(
        manifest,
        text.replaceFirst(
            java.util.regex.Pattern.quote(there),
            instead == null ? "" : java.util.regex.Matcher.quoteReplacement(instead)));
    assertThatThrownBy(() -> BundleEvidence.open(bundle))
        .isInstanceOf(BundleFormatException.class)
        .hasMessageContaining(complaint);
  }
}
