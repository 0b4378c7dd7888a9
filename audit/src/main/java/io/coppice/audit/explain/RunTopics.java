package io.coppice.audit.explain;

import io.coppice.replay.EvidenceSource;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.AggregateShard;
import io.coppice.schemas.LedgerEntry;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.Topic;
import io.coppice.schemas.UpdateSubmitted;
import java.util.ArrayList;
import java.util.List;
import org.apache.avro.specific.SpecificRecord;

/** The records of one run, topic by topic. */
record RunTopics(EvidenceSource source, RunDefinition run) {

  Ahead<LedgerEntry> ledger() {
    return byRun(Topic.ROUNDS, LedgerEntry.class, true);
  }

  Ahead<MaskPublished> masks() {
    return byRun(Topic.MASKS, MaskPublished.class, true);
  }

  /** Agents write these: what cannot be decoded is passed over. */
  Ahead<UpdateSubmitted> submissions() {
    return byRun(Topic.SUBMISSIONS, UpdateSubmitted.class, false);
  }

  /**
   * Every partition of aggregates.
   *
   * @param topic {@code AGGREGATES} or {@code IMPORTANCE}
   */
  List<Ahead<AggregateShard>> shards(Topic topic) {
    List<Ahead<AggregateShard>> partitions = new ArrayList<>();
    for (int p = 0; p < source.partitions(topic); p++) {
      partitions.add(new Ahead<>(source.read(run, topic, p), AggregateShard.class, true));
    }
    return partitions;
  }

  private <T extends SpecificRecord> Ahead<T> byRun(Topic topic, Class<T> type, boolean trusted) {
    int partition = LogKeys.runPartition(run.id(), source.partitions(topic));
    return new Ahead<>(source.read(run, topic, partition), type, trusted);
  }
}
