package io.coppice.schemas;

import java.time.Duration;
import org.apache.avro.specific.SpecificRecord;

/** One serde for the values of every topic, over one registry. */
public final class LogSerdes {

  private static final Duration PAUSE = Duration.ofMillis(500);

  public final RecordSerde<TrainingRun> runs;
  public final RecordSerde<RunCommand> commands;
  public final RecordSerde<AgentJoined> agents;
  public final RecordSerde<UpdateShard> updates;
  public final RecordSerde<UpdateSubmitted> submissions;
  public final RecordSerde<LedgerEntry> rounds;
  public final RecordSerde<AggregateShard> aggregates;
  public final RecordSerde<MaskPublished> masks;
  public final RecordSerde<CheckpointShard> checkpoints;
  public final RecordSerde<MetricEntry> metrics;
  public final RecordSerde<RejectedRecord> rejects;
  public final RecordSerde<UpdateChecked> checks;
  public final RecordSerde<LedgerEntry> closes;
  public final RecordSerde<AggregateDigests> digests;
  public final RecordSerde<Tick> ticks;

  public LogSerdes(SchemaRegistry registry) {
    runs = new RecordSerde<>(registry, TrainingRun.class);
    commands = new RecordSerde<>(registry, RunCommand.class);
    agents = new RecordSerde<>(registry, AgentJoined.class);
    updates = new RecordSerde<>(registry, UpdateShard.class);
    submissions = new RecordSerde<>(registry, UpdateSubmitted.class);
    rounds = new RecordSerde<>(registry, LedgerEntry.class);
    aggregates = new RecordSerde<>(registry, AggregateShard.class);
    masks = new RecordSerde<>(registry, MaskPublished.class);
    checkpoints = new RecordSerde<>(registry, CheckpointShard.class);
    metrics = new RecordSerde<>(registry, MetricEntry.class);
    rejects = new RecordSerde<>(registry, RejectedRecord.class);
    checks = new RecordSerde<>(registry, UpdateChecked.class);
    closes = new RecordSerde<>(registry, LedgerEntry.class);
    digests = new RecordSerde<>(registry, AggregateDigests.class);
    ticks = new RecordSerde<>(registry, Tick.class);
  }

  /**
   * Makes the registry know the schemas of all topics, so that a registry that is missing or refuses them is found at the start
   * and not in the middle of a run.
   *
   * @param topicPrefix what every topic's name begins with
   * @throws SchemaRegistry.RegistryException if the registry does not answer, or refuses a schema
   */
  public void registerAll(String topicPrefix) {
    for (Topic topic : Topic.values()) {
      of(topic).register(topic.name(topicPrefix));
    }
  }

  /**
   * The same, but waits for a registry that does not answer yet, as where all services of a cluster are started at once.
   *
   * @param patience how long to wait for its first answer
   */
  public void registerAll(String topicPrefix, Duration patience) throws InterruptedException {
    long giveUp = System.nanoTime() + patience.toNanos();
    while (true) {
      try {
        registerAll(topicPrefix);
        return;
      } catch (SchemaRegistry.UnreachableException e) {
        if (System.nanoTime() > giveUp) {
          throw e;
        }
        Thread.sleep(PAUSE);
      }
    }
  }

  /** The serde of a topic's values. */
  public RecordSerde<? extends SpecificRecord> of(Topic topic) {
    return switch (topic) {
      case RUNS -> runs;
      case COMMANDS -> commands;
      case AGENTS -> agents;
      case UPDATES -> updates;
      case SUBMISSIONS -> submissions;
      case ROUNDS -> rounds;
      case AGGREGATES, IMPORTANCE -> aggregates;
      case MASKS -> masks;
      case CHECKPOINTS -> checkpoints;
      case METRICS -> metrics;
      case REJECTS -> rejects;
      case CHECKS -> checks;
      case CLOSES -> closes;
      case DIGESTS -> digests;
      case TICKS -> ticks;
    };
  }
}
