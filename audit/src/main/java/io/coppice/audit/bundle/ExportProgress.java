package io.coppice.audit.bundle;

import io.coppice.replay.LogRecord;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.AggregateShard;
import io.coppice.schemas.Participation;
import io.coppice.schemas.Topic;
import io.coppice.schemas.UpdateShard;
import java.util.Map;
import org.apache.avro.specific.SpecificRecord;

/**
 * How far an export is. A log does not say how long it is, but a run does: updates are as many models a round as agents are asked,
 * aggregates are one, and the rest is small. Within a partition the round tells.
 */
final class ExportProgress {

  private final RunDefinition run;
  private final Map<Topic, Integer> partitions;
  private final double whole;
  private double finished;
  private double current;

  ExportProgress(RunDefinition run, Map<Topic, Integer> partitions) {
    this.run = run;
    this.partitions = partitions;
    this.whole = partitions.keySet().stream().mapToDouble(this::models).sum();
  }

  /** What a topic has of a round, in models, roughly. */
  private double models(Topic topic) {
    Participation participation = run.run().getParticipation();
    Integer asked = participation.getParticipants();
    return switch (topic) {
      case UPDATES -> asked == null ? participation.getExpectedAgents() : asked;
      case AGGREGATES, IMPORTANCE, CHECKPOINTS -> 1;
      default -> 0.01;
    };
  }

  private double ofPartition(Topic topic) {
    return models(topic) / partitions.get(topic);
  }

  /** A record was copied. */
  void reached(LogRecord record) {
    double done = Math.clamp((round(record.value()) + 1.0) / run.run().getRounds(), 0, 1);
    current = Math.max(current, done * ofPartition(record.topic()));
  }

  /** Anybody may write updates, with any round. */
  private static int round(SpecificRecord value) {
    return switch (value) {
      case UpdateShard update -> update.getRound();
      case AggregateShard aggregate -> aggregate.getRound();
      case null, default -> -1;
    };
  }

  /** A partition of a topic was copied. */
  void finished(Topic topic) {
    finished += ofPartition(topic);
    current = 0;
  }

  /** What is done of the whole, in [0, 1]. */
  double fraction() {
    return Math.min(1, (finished + current) / whole);
  }
}
