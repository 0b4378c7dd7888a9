package io.coppice.audit.bundle;

import io.coppice.replay.EvidenceSource;
import io.coppice.replay.LogRecord;
import io.coppice.replay.RecordCursor;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.UnreadableLogException;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.Topic;
import io.coppice.schemas.TrainingRun;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.DoubleConsumer;
import java.util.function.IntConsumer;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * The log of a bundle. It holds the records of the bundle's run, and of the run whose mask that one starts from, if there is one, the
 * definition and that mask.
 *
 * <p>Reading takes the files as they are; whether they are those of the manifest is for {@link #checkFiles} to say.
 */
public final class BundleEvidence implements EvidenceSource {

  private static final RecordCursor NO_RECORDS =
      new RecordCursor() {
        @Override
        public Optional<LogRecord> next() {
          return Optional.empty();
        }

        @Override
        public void close() {
          // Nothing was opened.
        }
      };

  private final Path directory;
  private final BundleManifest manifest;

  private BundleEvidence(Path directory, BundleManifest manifest) {
    this.directory = directory;
    this.manifest = manifest;
  }

  /**
   * Opens a bundle.
   *
   * @throws BundleFormatException if the directory holds no manifest, or one that cannot be understood
   */
  public static BundleEvidence open(Path directory) {
    return new BundleEvidence(directory, ManifestJson.read(directory));
  }

  /** What the bundle says that it holds. */
  public BundleManifest manifest() {
    return manifest;
  }

  /**
   * The runs that it defines, the oldest first.
   *
   * @throws UnreadableLogException if their file is damaged
   */
  @Override
  public List<RunDefinition> runs() {
    List<RunDefinition> runs = new ArrayList<>();
    for (int p = 0; p < partitions(Topic.RUNS); p++) {
      try (RecordCursor definitions = cursor(Topic.RUNS, p, key -> true, 0)) {
        for (var found = definitions.next(); found.isPresent(); found = definitions.next()) {
          definition(found.get()).ifPresent(runs::add);
        }
      }
    }
    runs.sort(Comparator.comparingLong(RunDefinition::since));
    return runs;
  }

  /** Empty where a record defines no run: nothing can be asked of it. */
  private static Optional<RunDefinition> definition(LogRecord log) {
    if (!(log.value() instanceof TrainingRun run)) {
      return Optional.empty();
    }
    try {
      return Optional.of(RunDefinition.of(run, log.timestamp()));
    } catch (RuntimeException e) {
      throw new UnreadableLogException(
          log.topic(), log.partition(), log.offset(), "it defines no run that is known here", e);
    }
  }

  /** A run by its id; that of the bundle where the id is empty. */
  @Override
  public Optional<RunDefinition> find(Optional<String> runId) {
    return EvidenceSource.super.find(Optional.of(runId.orElse(manifest.runId())));
  }

  @Override
  public int partitions(Topic topic) {
    return manifest.partitions().getOrDefault(topic, 0);
  }

  @Override
  public RecordCursor read(RunDefinition run, Topic topic, int partition) {
    return readFrom(run, topic, partition, 0);
  }

  @Override
  public RecordCursor readFrom(RunDefinition run, Topic topic, int partition, long offset) {
    return cursor(topic, partition, key -> LogKeys.isOfRun(key, run.id()), offset);
  }

  private RecordCursor cursor(Topic topic, int partition, Predicate<String> keys, long offset) {
    return manifest
        .file(topic, partition)
        .<RecordCursor>map(file -> new BundleCursor(directory, file, keys, offset))
        .orElse(NO_RECORDS);
  }

  /**
   * Computes the digests of all files.
   *
   * @param progress told of the fraction that is done, in [0, 1]
   * @return what is not as the manifest says, the manifest itself included; empty if all is
   * @throws IOException if a file cannot be read
   */
  public List<FileFault> checkFiles(DoubleConsumer progress) throws IOException {
    List<FileFault> faults = new ArrayList<>();
    if (!manifest.isIntact()) {
      faults.add(
          new FileFault(BundleManifest.FILE, "has a digest that is not that of its content"));
    }
    long[] done = {0};
    long all = Math.max(1, manifest.bytes());
    for (BundleFile file : manifest.files()) {
      long before = done[0];
      check(
              file,
              n -> {
                done[0] += n;
                progress.accept(Math.min(1, (double) done[0] / all));
              })
          .ifPresent(problem -> faults.add(new FileFault(file.name(), problem)));
      done[0] = before + file.bytes();
    }
    for (String extra : extraFiles()) {
      faults.add(new FileFault(extra, "is not listed in " + BundleManifest.FILE));
    }
    return faults;
  }

  private Optional<String> check(BundleFile file, IntConsumer read) throws IOException {
    Path path = directory.resolve(file.name());
    if (!Files.isRegularFile(path)) {
      return Optional.of("is missing");
    }
    long size = Files.size(path);
    if (size != file.bytes()) {
      return Optional.of(
          String.format("has %d bytes, not %d as in the manifest", size, file.bytes()));
    }
    return Sha256.of(path, read).equals(file.sha256())
        ? Optional.empty()
        : Optional.of("has another SHA-256 than in the manifest");
  }

  private Set<String> extraFiles() throws IOException {
    Set<String> known = manifest.files().stream().map(BundleFile::name).collect(Collectors.toSet());
    known.add(BundleManifest.FILE);
    Set<String> extra = new TreeSet<>();
    try (DirectoryStream<Path> found = Files.newDirectoryStream(directory)) {
      found.forEach(path -> extra.add(path.getFileName().toString()));
    }
    extra.removeAll(known);
    return extra;
  }

  @Override
  public void close() {
    // Every cursor has a file of its own.
  }
}
