package io.coppice.audit.bundle;

import io.coppice.audit.Digests;
import io.coppice.replay.EvidenceSource;
import io.coppice.replay.LogRecord;
import io.coppice.replay.RecordCursor;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.UnreadableLogException;
import io.coppice.schemas.AggregateShard;
import io.coppice.schemas.LedgerEntry;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.RunFinished;
import io.coppice.schemas.StartMask;
import io.coppice.schemas.Topic;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.function.DoubleConsumer;
import java.util.function.Predicate;

/**
 * Copies the records of a run into a bundle, one after another: memory does not grow with the log.
 *
 * <p>The ledger is copied first. Whatever it refers to was in the log before it, so the copy of a run that still goes on is a
 * whole account up to the ledger's end. The other topics may hold a little more than that, but no aggregates of rounds that
 * closed in the meantime: to whoever reads the bundle they would say that its ledger was cut off.
 */
public final class BundleWriter {

  private final EvidenceSource source;
  private final String log;
  private final String coppice;

  /**
   * @param source the log
   * @param log what the manifest says of where it was, one line
   * @param coppice version of the program
   */
  public BundleWriter(EvidenceSource source, String log, String coppice) {
    this.source = source;
    this.log = log.replaceAll("\\p{Cntrl}", "?");
    this.coppice = coppice;
  }

  /**
   * Writes the bundle of a run. While it is written it is the directory's namesake with {@code .part} behind it; after a failure
   * neither is there.
   *
   * @param directory is not there yet, or empty
   * @param progress told of the fraction that is done, in [0, 1], as far as it can be estimated
   * @return what the bundle's manifest says
   * @throws IOException if it cannot be written
   * @throws BundleFormatException if there is something in the directory
   * @throws UnreadableLogException if the log is damaged
   */
  public BundleManifest write(RunDefinition run, Path directory, DoubleConsumer progress)
      throws IOException {
    try (PartDirectory part = PartDirectory.create(directory)) {
      BundleManifest manifest = new Export(run, part.path(), progress).export();
      ManifestJson.write(manifest, part.path().resolve(BundleManifest.FILE));
      part.complete();
      return manifest;
    }
  }

  /** One run's copy in the making. */
  private final class Export {
    private final RunDefinition run;
    private final Path directory;
    private final DoubleConsumer progress;
    private final Map<Topic, Integer> partitions = new EnumMap<>(Topic.class);
    private final ExportProgress done;
    private final List<BundleFile> files = new ArrayList<>();
    private LedgerHead head;
    private long lastOfLedger = -1;

    /** Whether the ledger has gone on since it was copied; null as long as nobody has asked. */
    private Boolean grown;

    Export(RunDefinition run, Path directory, DoubleConsumer progress) {
      this.run = run;
      this.directory = directory;
      this.progress = progress;
      for (Topic topic : Topic.values()) {
        if (!topic.isInternal() && source.partitions(topic) > 0) {
          partitions.put(topic, source.partitions(topic));
        }
      }
      this.done = new ExportProgress(run, partitions);
    }

    BundleManifest export() throws IOException {
      copy(Topic.ROUNDS);
      for (Topic topic : partitions.keySet()) {
        if (topic != Topic.ROUNDS) {
          copy(topic);
        }
      }
      files.sort(Comparator.comparing(BundleFile::topic).thenComparing(BundleFile::partition));
      return BundleManifest.of(
          coppice,
          run.id(),
          Instant.now().truncatedTo(ChronoUnit.SECONDS),
          log,
          partitions,
          Optional.ofNullable(head),
          files);
    }

    private void copy(Topic topic) throws IOException {
      for (int p = 0; p < partitions.get(topic); p++) {
        copy(topic, p);
        done.finished(topic);
        progress.accept(done.fraction());
      }
    }

    private void copy(Topic topic, int partition) throws IOException {
      Queue<LogRecord> foreign = recordsOfStart(topic, partition);
      try (Sink sink = new Sink(topic, partition);
          RecordCursor records = source.read(run, topic, partition)) {
        for (var found = records.next(); found.isPresent(); found = records.next()) {
          LogRecord record = found.get();
          if (isAheadOfLedger(record)) {
            continue;
          }
          while (!foreign.isEmpty() && foreign.element().offset() < record.offset()) {
            sink.append(foreign.remove());
          }
          sink.append(record);
          takeHead(record);
          done.reached(record);
          progress.accept(done.fraction());
        }
        for (LogRecord record : foreign) {
          sink.append(record);
        }
        sink.finish();
      }
    }

    private void takeHead(LogRecord record) {
      if (record.topic() == Topic.ROUNDS) {
        lastOfLedger = record.offset();
      }
      if (record.value() instanceof LedgerEntry entry) {
        switch (entry.getEvent()) {
          case RoundClosed closed ->
              head = new LedgerHead(closed.getRound(), Digests.hex(closed.getDigest()), false);
          case RunFinished finished ->
              head =
                  new LedgerHead(
                      head == null ? run.firstRound() - 1 : head.round(),
                      Digests.hex(finished.getDigest()),
                      true);
          default -> {
            // Neither ends anything.
          }
        }
      }
    }

    /** Whether it is an aggregate of a round that has closed since the ledger was copied. */
    private boolean isAheadOfLedger(LogRecord record) {
      return record.value() instanceof AggregateShard aggregate
          && (head == null || (!head.finished() && aggregate.getRound() > head.round()))
          && ledgerHasGrown();
    }

    /** If not, later aggregates are evidence that the ledger was cut off. */
    private boolean ledgerHasGrown() {
      if (grown == null) {
        int partition = LogKeys.runPartition(run.id(), partitions.get(Topic.ROUNDS));
        try (RecordCursor more = source.readFrom(run, Topic.ROUNDS, partition, lastOfLedger + 1)) {
          grown = more.next().isPresent();
        }
      }
      return grown;
    }

    /** Of the run whose mask this one starts from, the definition and that mask. */
    private Queue<LogRecord> recordsOfStart(Topic topic, int partition) {
      StartMask start = run.run().getStart();
      Queue<LogRecord> found = new ArrayDeque<>();
      if (start == null || start.getRunId().equals(run.id())) {
        return found;
      }
      Optional<RunDefinition> other = source.find(Optional.of(start.getRunId()));
      if (other.isEmpty() || (topic != Topic.RUNS && topic != Topic.MASKS)) {
        return found;
      }
      Predicate<LogRecord> wanted =
          topic == Topic.RUNS
              ? record -> true
              : record ->
                  record.value() instanceof MaskPublished mask
                      && mask.getVersion() == start.getVersion()
                      && mask.getDigest().equals(start.getDigest());
      try (RecordCursor records = source.read(other.get(), topic, partition)) {
        for (var record = records.next(); record.isPresent(); record = records.next()) {
          record.filter(wanted).ifPresent(found::add);
        }
      }
      return found;
    }

    /** The file of a partition; there is none where there is no record. */
    private final class Sink implements AutoCloseable {
      private final Topic topic;
      private final int partition;
      private EntryFileWriter file;

      Sink(Topic topic, int partition) {
        this.topic = topic;
        this.partition = partition;
      }

      void append(LogRecord record) throws IOException {
        if (file == null) {
          file = new EntryFileWriter(directory, run.id(), topic, partition);
        }
        file.append(record);
      }

      void finish() throws IOException {
        if (file != null) {
          files.add(file.finish());
        }
      }

      @Override
      public void close() throws IOException {
        if (file != null) {
          file.close();
        }
      }
    }
  }
}
