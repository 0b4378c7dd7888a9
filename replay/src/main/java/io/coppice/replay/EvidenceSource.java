package io.coppice.replay;

import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.StartMask;
import io.coppice.schemas.Topic;
import java.util.List;
import java.util.Optional;

/**
 * A log to be read as evidence, partition by partition: that of a cluster, or a copy of one. Cursors may be used by different
 * threads.
 */
public interface EvidenceSource extends AutoCloseable {

  /** The runs that it defines, the oldest first. */
  List<RunDefinition> runs();

  /** Number of partitions of a topic; 0 if the log was made before there was such a topic. */
  int partitions(Topic topic);

  /** Reads the records of a run in a partition from the first one on. */
  RecordCursor read(RunDefinition run, Topic topic, int partition);

  /** Reads the records of a run in a partition from an offset on. */
  RecordCursor readFrom(RunDefinition run, Topic topic, int partition, long offset);

  /** Whether records may still be added to it. */
  default boolean mayGrow() {
    return false;
  }

  /** A run by its id; the newest where the id is empty. */
  default Optional<RunDefinition> find(Optional<String> runId) {
    return runId.isEmpty()
        ? runs().stream().reduce((older, newer) -> newer)
        : runs().stream().filter(run -> run.id().equals(runId.get())).findFirst();
  }

  /**
   * The mask that a run's definition starts from.
   *
   * @return empty if there is no such mask with that digest
   */
  default Optional<MaskPublished> startMask(StartMask start) {
    return find(Optional.of(start.getRunId())).flatMap(run -> startMask(run, start));
  }

  private Optional<MaskPublished> startMask(RunDefinition run, StartMask start) {
    for (int p = 0; p < partitions(Topic.MASKS); p++) {
      try (RecordCursor masks = read(run, Topic.MASKS, p)) {
        for (var found = masks.next(); found.isPresent(); found = masks.next()) {
          if (found.get().value() instanceof MaskPublished mask
              && mask.getVersion() == start.getVersion()
              && mask.getDigest().equals(start.getDigest())) {
            return Optional.of(mask);
          }
        }
      }
    }
    return Optional.empty();
  }

  @Override
  void close();
}
