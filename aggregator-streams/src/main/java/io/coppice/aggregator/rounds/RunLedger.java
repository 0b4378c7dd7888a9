package io.coppice.aggregator.rounds;

import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.LedgerEntry;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.RunFinished;
import java.nio.ByteBuffer;

/**
 * Writes the ledgers of runs, and chains what it writes: each closed round, and the run's end, commits to all entries since the
 * round before, so that none can be changed, left out or moved without the digests showing it.
 */
final class RunLedger {

  /** Where entries go. */
  interface Sink {

    /** Writes an entry to {@code rounds}. */
    void append(LedgerEntry entry, long at);

    /** Tells all shard aggregators that a round has closed. */
    void multicast(LedgerEntry closed, long at);
  }

  private final RunStore store;
  private final Sink sink;

  RunLedger(RunStore store, Sink sink) {
    this.store = store;
    this.sink = sink;
  }

  /**
   * Writes an event that stands between closed rounds.
   *
   * @param at timestamp of the record that is being processed
   */
  void append(String runId, Object event, long at) {
    LedgerEntry entry = new LedgerEntry(runId, event);
    store.putEvents(runId, ContentDigest.chained(store.events(runId), entry));
    sink.append(entry, at);
  }

  /**
   * Writes that a round is closed, and tells the shard aggregators.
   *
   * @param closed complete but for events and digest, which are filled in
   */
  void close(String runId, RoundClosed closed, long at) {
    closed.setEventsDigest(takeEvents(runId));
    closed.setDigest(ContentDigest.of(runId, closed));
    LedgerEntry entry = new LedgerEntry(runId, closed);
    sink.append(entry, at);
    sink.multicast(entry, at);
  }

  /**
   * Writes that a run is over.
   *
   * @param finished complete but for events and digest, which are filled in
   */
  void finish(String runId, RunFinished finished, long at) {
    finished.setEventsDigest(takeEvents(runId));
    finished.setDigest(ContentDigest.of(runId, finished));
    sink.append(new LedgerEntry(runId, finished), at);
  }

  private ByteBuffer takeEvents(String runId) {
    ByteBuffer events = store.events(runId);
    store.deleteEvents(runId);
    return events;
  }
}
