package io.coppice.schemas;

import java.util.EnumMap;
import java.util.Map;
import org.apache.avro.specific.SpecificRecord;

/** The class of every topic's values. */
final class TopicValues {

  static final Map<Topic, Class<? extends SpecificRecord>> CLASSES = classes();

  private TopicValues() {}

  private static Map<Topic, Class<? extends SpecificRecord>> classes() {
    Map<Topic, Class<? extends SpecificRecord>> classes = new EnumMap<>(Topic.class);
    classes.put(Topic.RUNS, TrainingRun.class);
    classes.put(Topic.COMMANDS, RunCommand.class);
    classes.put(Topic.AGENTS, AgentJoined.class);
    classes.put(Topic.UPDATES, UpdateShard.class);
    classes.put(Topic.SUBMISSIONS, UpdateSubmitted.class);
    classes.put(Topic.ROUNDS, LedgerEntry.class);
    classes.put(Topic.AGGREGATES, AggregateShard.class);
    classes.put(Topic.IMPORTANCE, AggregateShard.class);
    classes.put(Topic.MASKS, MaskPublished.class);
    classes.put(Topic.CHECKPOINTS, CheckpointShard.class);
    classes.put(Topic.METRICS, MetricEntry.class);
    classes.put(Topic.REJECTS, RejectedRecord.class);
    classes.put(Topic.CHECKS, UpdateChecked.class);
    classes.put(Topic.CLOSES, LedgerEntry.class);
    classes.put(Topic.DIGESTS, AggregateDigests.class);
    classes.put(Topic.TICKS, Tick.class);
    return classes;
  }
}
