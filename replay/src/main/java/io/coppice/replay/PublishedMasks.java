package io.coppice.replay;

import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.StartMask;
import io.coppice.schemas.Topic;
import java.time.Duration;
import java.util.Optional;
import java.util.TreeMap;

/** The masks of a run that the log holds now. */
public final class PublishedMasks {

  private static final Duration POLL = Duration.ofMillis(250);

  private PublishedMasks() {}

  /** A run's masks by version; empty before the first. What is no mask of the run is warned of. */
  public static TreeMap<Integer, MaskPublished> of(
      ClusterConfig cluster, LogSerdes serdes, RunDefinition run) {
    TreeMap<Integer, MaskPublished> masks = new TreeMap<>();
    RunRecords records = new RunRecords(serdes, run, new IgnoredLog());
    try (LogReader reader = new LogReader(cluster)) {
      int partition = LogKeys.runPartition(run.id(), reader.partitions(Topic.MASKS));
      reader.followSince(Topic.MASKS, partition, run.searchedSince());
      while (!reader.hasReachedEnd()) {
        for (LogReader.Entry entry : reader.poll(POLL)) {
          if (run.id().equals(entry.key())) {
            records.mask(entry).ifPresent(mask -> masks.put(mask.getVersion(), mask));
          }
        }
      }
    }
    return masks;
  }

  /**
   * The mask that another run's definition starts from.
   *
   * @throws IllegalStateException if the log does not hold it, or not the one with that digest
   */
  public static MaskPublished start(ClusterConfig cluster, LogSerdes serdes, StartMask start) {
    Optional<RunDefinition> source = Runs.find(cluster, serdes, Optional.of(start.getRunId()));
    MaskPublished mask =
        source.map(run -> of(cluster, serdes, run).get(start.getVersion())).orElse(null);
    if (mask == null || !mask.getDigest().equals(start.getDigest())) {
      throw new IllegalStateException(
          String.format(
              "Mask %d of run %s, which the run is to start from, is not in the log%s.",
              start.getVersion(),
              start.getRunId(),
              mask == null ? "" : " with the digest that its definition names"));
    }
    return mask;
  }
}
