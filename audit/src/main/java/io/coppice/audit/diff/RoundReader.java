package io.coppice.audit.diff;

import io.coppice.learning.model.Mask;
import io.coppice.replay.EvidenceSource;
import io.coppice.replay.LogTensors;
import io.coppice.replay.RecordCursor;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.LedgerEntry;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.RunFinished;
import io.coppice.schemas.Topic;
import java.util.Optional;

/** Reads a run round by round, as far as its log holds the whole of a round. */
final class RoundReader implements AutoCloseable {

  private final RunDefinition run;
  private final RecordCursor ledger;
  private final RecordCursor masks;
  private final AggregateQueue deltas;
  private final AggregateQueue uploads;

  private MaskPublished published;
  private Mask mask;
  private int last;
  private String end;

  RoundReader(EvidenceSource source, RunDefinition run) {
    this.run = run;
    this.last = run.firstRound() - 1;
    this.ledger = ofRun(source, run, Topic.ROUNDS);
    this.masks = ofRun(source, run, Topic.MASKS);
    this.deltas = new AggregateQueue(source, run, Topic.AGGREGATES);
    this.uploads = new AggregateQueue(source, run, Topic.IMPORTANCE);
  }

  private static RecordCursor ofRun(EvidenceSource source, RunDefinition run, Topic topic) {
    return source.read(run, topic, LogKeys.runPartition(run.id(), source.partitions(topic)));
  }

  /** The last round that was read. */
  int last() {
    return last;
  }

  /** Why there is no further round; empty as long as there may be. */
  Optional<String> end() {
    return Optional.ofNullable(end);
  }

  /** The next round; empty where the log holds no further one in full. */
  Optional<Round> next() {
    Optional<RoundClosed> found = nextClosed();
    if (found.isEmpty()) {
      return Optional.empty();
    }
    RoundClosed closed = found.get();
    int round = closed.getRound();
    if (!readMask(closed.getMaskVersion())) {
      return ends("the mask of round " + round + " is not in the log");
    }
    Optional<float[][]> delta = deltas.take(round, mask.activeParameters());
    Optional<float[][]> upload =
        closed.getImportance()
            ? uploads.take(round, run.layout().size())
            : Optional.of(new float[0][]);
    if (delta.isEmpty() || upload.isEmpty()) {
      return ends("the aggregate of round " + round + " is not complete");
    }
    last = round;
    return Optional.of(new Round(closed, mask, delta.get(), upload.get()));
  }

  private <T> Optional<T> ends(String why) {
    end = why;
    return Optional.empty();
  }

  private Optional<RoundClosed> nextClosed() {
    for (var record = ledger.next(); record.isPresent(); record = ledger.next()) {
      Object event = record.get().value() instanceof LedgerEntry entry ? entry.getEvent() : null;
      if (event instanceof RunFinished) {
        return ends("the run is finished");
      }
      if (event instanceof RoundClosed closed && closed.getRound() == last + 1) {
        return Optional.of(closed);
      }
    }
    return ends("round " + (last + 1) + " is not closed");
  }

  /** Reads masks up to a version. */
  private boolean readMask(int version) {
    while (published == null || published.getVersion() < version) {
      var record = masks.next();
      if (record.isEmpty()) {
        return false;
      }
      if (record.get().value() instanceof MaskPublished next) {
        published = next;
        mask = LogTensors.fromLog(run.layout(), next.getLayers());
      }
    }
    return published.getVersion() == version;
  }

  @Override
  public void close() {
    ledger.close();
    masks.close();
    deltas.close();
    uploads.close();
  }
}
