package io.coppice.audit.bundle;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.audit.records.ListEvidence;
import io.coppice.audit.records.SmallRun;
import io.coppice.replay.EvidenceSource;
import io.coppice.replay.LogRecord;
import io.coppice.replay.RecordCursor;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.Topic;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterTry;
import net.jqwik.api.lifecycle.BeforeTry;

class BundleRoundTripTest {

  private static final List<Topic> TOPICS =
      Arrays.stream(Topic.values()).filter(topic -> !topic.isInternal()).toList();

  private final RunDefinition run = RunDefinition.of(SmallRun.definition("run").build(), 0);
  private Path directory;

  @BeforeTry
  void makeDirectory() throws IOException {
    directory = Files.createTempDirectory("bundle");
  }

  @AfterTry
  void removeDirectory() throws IOException {
    try (Stream<Path> paths = Files.walk(directory)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  @Property(tries = 60)
  void everyRecordOfTheRunComesBackAsItWas(@ForAll long seed, @ForAll @IntRange(max = 80) int count)
      throws IOException {
    ListEvidence log = randomLog(new Random(seed), count);
    Path bundle = directory.resolve("bundle");

    BundleManifest manifest = write(log, bundle);

    try (BundleEvidence evidence = BundleEvidence.open(bundle)) {
      assertThat(evidence.manifest()).isEqualTo(manifest);
      assertThat(evidence.checkFiles(fraction -> {})).isEmpty();
      for (Topic topic : TOPICS) {
        assertThat(evidence.partitions(topic)).isEqualTo(log.partitions(topic));
        for (int p = 0; p < log.partitions(topic); p++) {
          assertThat(read(evidence, topic, p, 0)).isEqualTo(read(log, topic, p, 0));
          long from = Math.floorMod(seed, 60);
          assertThat(read(evidence, topic, p, from)).isEqualTo(read(log, topic, p, from));
        }
      }
      Path copy = directory.resolve("copy");
      write(evidence, copy);
      for (BundleFile file : manifest.files()) {
        assertThat(copy.resolve(file.name())).hasSameBinaryContentAs(bundle.resolve(file.name()));
      }
    }
  }

  private BundleManifest write(EvidenceSource source, Path bundle) throws IOException {
    return new BundleWriter(source, "a log\nin two lines", "1.0").write(run, bundle, f -> {});
  }

  private List<LogRecord> read(EvidenceSource source, Topic topic, int partition, long from) {
    List<LogRecord> records = new ArrayList<>();
    try (RecordCursor cursor = source.readFrom(run, topic, partition, from)) {
      for (var next = cursor.next(); next.isPresent(); next = cursor.next()) {
        records.add(next.get());
      }
    }
    return records;
  }

  private static ListEvidence randomLog(Random random, int count) {
    ListEvidence log = new ListEvidence();
    long offset = random.nextInt(10);
    for (int i = 0; i < count; i++) {
      Topic topic = TOPICS.get(random.nextInt(TOPICS.size()));
      int partition = random.nextInt(log.partitions(topic));
      offset += 1 + random.nextInt(3);
      String key = List.of("run", "run/delta/3", "other", "runner", "run/").get(random.nextInt(5));
      byte[] bytes = new byte[random.nextInt(100)];
      random.nextBytes(bytes);
      log.add(
          switch (random.nextInt(5)) {
            case 0 -> new LogRecord(topic, partition, offset, 5 * offset, key, null, null, 0);
            case 1 ->
                new LogRecord(
                    topic,
                    partition,
                    offset,
                    -offset,
                    key,
                    null,
                    "not readable: ä",
                    bytes.length,
                    ByteBuffer.wrap(bytes));
            default ->
                new LogRecord(
                    topic,
                    partition,
                    offset,
                    5 * offset,
                    key,
                    RandomRecords.of(topic, random.nextLong()),
                    null,
                    bytes.length);
          });
    }
    return log;
  }
}
