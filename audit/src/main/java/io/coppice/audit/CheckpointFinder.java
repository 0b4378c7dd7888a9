package io.coppice.audit;

import io.coppice.pruning.MaskPolicy;
import io.coppice.replay.Checkpoints;
import io.coppice.replay.Checkpoints.Id;
import io.coppice.replay.EvidenceSource;
import io.coppice.replay.LogRecord;
import io.coppice.replay.RecordCursor;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.CheckpointShard;
import io.coppice.schemas.Topic;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;

/** Finds the checkpoint that a verification starts from, without keeping others. */
final class CheckpointFinder {

  private final EvidenceSource source;
  private final RunDefinition run;

  CheckpointFinder(EvidenceSource source, RunDefinition run) {
    this.source = source;
    this.run = run;
  }

  /**
   * The complete checkpoint of the latest round up to a given one.
   *
   * @throws UnusableCheckpointException if there is none, or the run's policy needs the rounds before it
   * @throws Violation if a shard of it is not one of the run's model
   */
  Checkpoints.Checkpoint atMost(int round) {
    String policy = run.run().getPruning().getPolicy();
    if (MaskPolicy.named(policy).begin(run).remembers()) {
      throw new UnusableCheckpointException(
          "Policy "
              + policy
              + " decides by what it remembers of earlier rounds: its runs are verified from the first"
              + " round on, not from a checkpoint.");
    }
    Map<Id, Set<Integer>> found = new HashMap<>();
    int shards = run.shards().count(run.layout().size());
    forEach(
        (record, shard) -> {
          if (shard.getRound() <= round) {
            found.computeIfAbsent(Id.of(shard), id -> new HashSet<>()).add(shard.getShard());
          }
        });
    Id newest =
        found.keySet().stream()
            .filter(id -> found.get(id).size() == shards)
            .max(Comparator.naturalOrder())
            .orElseThrow(
                () ->
                    new UnusableCheckpointException(
                        "The log holds no checkpoint of run "
                            + run.id()
                            + " that starts in round "
                            + round
                            + " or before."));
    Checkpoints.Collector collector = new Checkpoints.Collector();
    forEach(
        (record, shard) -> {
          if (Id.of(shard).equals(newest)) {
            CheckpointVerifier.check(record, shard, run, source.partitions(Topic.CHECKPOINTS));
            collector.add(shard);
          }
        });
    return collector.latest().orElseThrow();
  }

  private void forEach(BiConsumer<LogRecord, CheckpointShard> action) {
    for (int p = 0; p < source.partitions(Topic.CHECKPOINTS); p++) {
      try (RecordCursor records = source.read(run, Topic.CHECKPOINTS, p)) {
        for (Optional<LogRecord> next = records.next(); next.isPresent(); next = records.next()) {
          if (next.get().value() instanceof CheckpointShard shard) {
            action.accept(next.get(), shard);
          }
        }
      }
    }
  }
}
