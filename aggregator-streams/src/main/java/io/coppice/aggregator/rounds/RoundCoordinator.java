package io.coppice.aggregator.rounds;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.toMap;

import io.coppice.aggregator.Fault;
import io.coppice.aggregator.InputRecords;
import io.coppice.aggregator.StateCodec;
import io.coppice.aggregator.UnusableRecordException;
import io.coppice.aggregator.observe.RoundMeters;
import io.coppice.aggregator.observe.Telemetry;
import io.coppice.aggregator.state.Agent;
import io.coppice.aggregator.state.EarlyJoin;
import io.coppice.aggregator.state.Participant;
import io.coppice.aggregator.state.Phase;
import io.coppice.aggregator.state.RunProgress;
import io.coppice.aggregator.state.Status;
import io.coppice.schemas.AgentJoined;
import io.coppice.schemas.AggregateDigests;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.LedgerEntry;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.RecordSerde;
import io.coppice.schemas.RejectReason;
import io.coppice.schemas.RoundOpened;
import io.coppice.schemas.RunAccepted;
import io.coppice.schemas.RunCommand;
import io.coppice.schemas.RunContext;
import io.coppice.schemas.Tick;
import io.coppice.schemas.Topic;
import io.coppice.schemas.TopicCatalogue.Sizing;
import io.coppice.schemas.TrainingRun;
import io.coppice.schemas.UpdateChecked;
import io.coppice.schemas.UpdateRejected;
import io.coppice.schemas.UpdateSubmitted;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The round coordinator: opens and closes the rounds of every run, and decides which updates count.
 */
/*
 * An update is admitted when its submission, which is signed and names the SHA-256 of every shard, and the checks of all
 * partitions that hold a shard of it agree. Submission and checks find each other by the submission's content digest, so a second
 * try after a rejection is never confused with the first.
 *
 * A submission whose signature does not hold says nothing about the agent that it names: it is put on record, and does not count
 * as that agent's report. Otherwise anybody could have anybody left out.
 *
 * Nothing here looks at a clock, except to let a tick into the log now and then while a deadline is being waited for: the
 * decision is then taken on the timestamp that the broker gave the tick, like any other.
 */
public final class RoundCoordinator implements Processor<byte[], byte[], byte[], SpecificRecord> {

  /** The one state store. */
  public static final String STORE = RunStore.NAME;

  /** Sinks. */
  public static final String ROUNDS = "rounds";

  public static final String CLOSES = "closes";
  public static final String TICKS = "ticks";
  public static final String REJECTS = "round-rejects";

  private static final Logger log = LoggerFactory.getLogger(RoundCoordinator.class);

  /**
   * What is done with the records of one topic.
   *
   * @param key what the key of a record has to be: whoever reads one run goes by the keys
   */
  private record Input<T extends SpecificRecord>(
      RecordSerde<T> serde,
      Function<T, String> runId,
      Function<T, String> key,
      Handler<T> handler) {

    /** Of a topic whose keys are run ids. */
    static <T extends SpecificRecord> Input<T> byRun(
        RecordSerde<T> serde, Function<T, String> runId, Handler<T> handler) {
      return new Input<>(serde, runId, runId, handler);
    }
  }

  @FunctionalInterface
  private interface Handler<T> {
    void handle(T record, Record<byte[], byte[]> message) throws UnusableRecordException;
  }

  private final LogSerdes serdes;
  private final Map<String, Topic> topics;
  private final String agents;
  private final Map<String, Input<?>> inputs;
  private final Sizing partitions;
  private final Duration tickInterval;
  private final Telemetry telemetry;

  private ProcessorContext<byte[], SpecificRecord> context;
  private RunStore store;
  private RunLedger ledger;
  private Enrolment enrolment;
  private RunControl control;
  private RunLifecycle lifecycle;
  private RoundMeters meters;

  /**
   * @param prefix what every topic's name begins with
   * @param partitions partitions of the topics by shard and by run
   * @param tickInterval wall-clock time between two ticks of a run that waits for a deadline
   * @param telemetry is told what becomes of the runs
   */
  public RoundCoordinator(
      LogSerdes serdes,
      String prefix,
      Sizing partitions,
      Duration tickInterval,
      Telemetry telemetry) {
    this.telemetry = telemetry;
    this.partitions = partitions;
    this.tickInterval = tickInterval;
    this.inputs =
        Map.of(
            Topic.RUNS.name(prefix),
            Input.byRun(serdes.runs, TrainingRun::getRunId, this::onRun),
            Topic.COMMANDS.name(prefix),
            Input.byRun(
                serdes.commands,
                RunCommand::getRunId,
                (command, message) -> control.carryOut(command, message.timestamp())),
            Topic.AGENTS.name(prefix),
            new Input<>(
                serdes.agents,
                AgentJoined::getRunId,
                joined -> LogKeys.agent(joined.getRunId(), joined.getAgentId()),
                this::onAgent),
            Topic.SUBMISSIONS.name(prefix),
            Input.byRun(serdes.submissions, UpdateSubmitted::getRunId, this::onSubmission),
            Topic.MASKS.name(prefix),
            Input.byRun(serdes.masks, MaskPublished::getRunId, this::onMask),
            Topic.CHECKS.name(prefix),
            Input.byRun(serdes.checks, UpdateChecked::getRunId, this::onCheck),
            Topic.DIGESTS.name(prefix),
            Input.byRun(serdes.digests, AggregateDigests::getRunId, this::onDigests),
            Topic.TICKS.name(prefix),
            Input.byRun(serdes.ticks, Tick::getRunId, (tick, message) -> {}));
    this.topics = Arrays.stream(Topic.values()).collect(toMap(t -> t.name(prefix), t -> t));
    this.agents = Topic.AGENTS.name(prefix);
    this.serdes = serdes;
  }

  /** The store that the processor needs: on disk, with a changelog. */
  public static StoreBuilder<KeyValueStore<String, byte[]>> store() {
    return Stores.keyValueStoreBuilder(
        Stores.persistentKeyValueStore(STORE), Serdes.String(), Serdes.ByteArray());
  }

  @Override
  public void init(ProcessorContext<byte[], SpecificRecord> context) {
    this.context = context;
    RunStore stored = new RunStore(context.getStateStore(STORE));
    this.meters = telemetry.rounds(stored::definition);
    this.store = new RunStore(context.getStateStore(STORE), meters::progressed);
    this.ledger = new RunLedger(store, new Sinks());
    this.enrolment = new Enrolment(store, ledger);
    this.control = new RunControl(store, ledger);
    this.lifecycle = new RunLifecycle(store, ledger, partitions.shardPartitions());
    context.schedule(tickInterval, PunctuationType.WALL_CLOCK_TIME, this::tick);
    context.schedule(
        Telemetry.SWEEP, PunctuationType.WALL_CLOCK_TIME, now -> meters.forgetFinishedRuns());
    store.progress().forEach(meters::found);
  }

  @Override
  public void close() {
    if (meters != null) {
      meters.close();
    }
  }

  @Override
  public void process(Record<byte[], byte[]> message) {
    RecordMetadata origin = context.recordMetadata().orElseThrow();
    try {
      handle(inputs.get(origin.topic()), origin, message);
    } catch (UnusableRecordException e) {
      log.debug("{}-{}@{}: {}", origin.topic(), origin.partition(), origin.offset(), e.fault());
      telemetry.recordRejected(topics.get(origin.topic()), e.fault().reason());
      context.forward(
          message.withValue(InputRecords.rejected(origin, e.fault(), message.value())), REJECTS);
    }
  }

  private <T extends SpecificRecord> void handle(
      Input<T> input, RecordMetadata origin, Record<byte[], byte[]> message)
      throws UnusableRecordException {
    T record = InputRecords.decode(input.serde, origin.topic(), message.value());
    String runId = input.runId.apply(record);
    if (!LogKeys.isName(runId)) {
      throw unusable(RejectReason.MALFORMED, "A run is named by 1 to 64 of a-z, 0-9 and '-'.");
    }
    int partition = LogKeys.runPartition(runId, partitions.runPartitions());
    if (partition != origin.partition()) {
      throw unusable(
          RejectReason.MALFORMED,
          "Records of run %s belong into partition %d, not %d.",
          runId,
          partition,
          origin.partition());
    }
    String key = input.key.apply(record);
    if (!Arrays.equals(key.getBytes(UTF_8), message.key())) {
      throw unusable(RejectReason.MALFORMED, "The key of this record is %s, and no other.", key);
    }
    try (RunContext _ = RunContext.of(runId)) {
      handle(input, record, runId, message);
    }
  }

  private <T extends SpecificRecord> void handle(
      Input<T> input, T record, String runId, Record<byte[], byte[]> message)
      throws UnusableRecordException {
    // Time first: a record that comes after the deadline does not take part in what the deadline
    // closes.
    lifecycle.advance(runId, message.timestamp());
    input.handler.handle(record, message);
    lifecycle.advance(runId, message.timestamp());
  }

  // Definitions, agents, masks

  private void onRun(TrainingRun run, Record<byte[], byte[]> message)
      throws UnusableRecordException {
    String runId = run.getRunId();
    if (store.definition(runId).isPresent()) {
      throw unusable(RejectReason.DUPLICATE, "Run %s is defined already.", runId);
    }
    UnusableRecordException.throwIf(RunChecks.definition(run));
    store.putDefinition(run);
    long at = message.timestamp();
    ledger.append(runId, new RunAccepted(ContentDigest.of(run), Instant.ofEpochMilli(at)), at);
    store.earlyJoins(runId).forEach((offset, early) -> joinNow(run, offset, early, at));
    store.deleteEarlyJoins(runId);
  }

  /** Agents and runs are two topics: an agent's record may be read before the definition that it answers to. */
  private void onAgent(AgentJoined joined, Record<byte[], byte[]> message)
      throws UnusableRecordException {
    UnusableRecordException.throwIf(RunChecks.agent(joined));
    Optional<TrainingRun> run = store.definition(joined.getRunId());
    if (run.isPresent()) {
      enrolment.join(run.get(), joined, message.timestamp(), message.timestamp());
    } else {
      store.putEarlyJoin(
          joined.getRunId(),
          context.recordMetadata().orElseThrow().offset(),
          new EarlyJoin(
              message.key() == null ? null : ByteBuffer.wrap(message.key()),
              ByteBuffer.wrap(message.value()),
              message.timestamp()));
    }
  }

  private void joinNow(TrainingRun run, long offset, EarlyJoin early, long at) {
    byte[] value = StateCodec.bytes(early.getValue());
    try {
      AgentJoined joined = InputRecords.decode(serdes.agents, agents, value);
      enrolment.join(run, joined, early.getTimestamp(), at);
    } catch (UnusableRecordException e) {
      int partition = LogKeys.runPartition(run.getRunId(), partitions.runPartitions());
      log.debug("{}-{}@{}: {}", agents, partition, offset, e.fault());
      telemetry.recordRejected(Topic.AGENTS, e.fault().reason());
      context.forward(
          new Record<>(
              early.getKey() == null ? null : StateCodec.bytes(early.getKey()),
              InputRecords.rejected(agents, partition, offset, e.fault(), value),
              at),
          REJECTS);
    }
  }

  private void onMask(MaskPublished mask, Record<byte[], byte[]> message)
      throws UnusableRecordException {
    UnusableRecordException.throwIf(RunChecks.mask(mask));
    RunProgress progress = store.progress(mask.getRunId());
    Optional<MaskPublished> newest = store.mask(mask.getRunId());
    int expected = newest.map(m -> m.getVersion() + 1).orElse(0);
    if (mask.getVersion() != expected) {
      throw unusable(
          mask.getVersion() < expected ? RejectReason.DUPLICATE : RejectReason.WRONG_MASK,
          "Mask version %d is expected, not %d.",
          expected,
          mask.getVersion());
    }
    if (newest.isPresent()
        && (progress.getPhase() == Phase.STARTING
            || progress.getPhase() == Phase.ROUND_OPEN
            || mask.getEffectiveRound() != progress.getRound() + 1
            || !needsMask(mask.getRunId(), progress))) {
      throw unusable(
          RejectReason.WRONG_MASK,
          "A mask that takes effect in round %d is not expected in round %d, phase %s.",
          mask.getEffectiveRound(),
          progress.getRound(),
          progress.getPhase());
    }
    store.putMask(mask);
  }

  /** Whether the round behind the closed one has a mask of its own: a stopped run may wait there without needing one. */
  private boolean needsMask(String runId, RunProgress progress) {
    return MaskRounds.of(store.definition(runId).orElseThrow()).newMaskAfter(progress.getRound());
  }

  // Updates

  private void onSubmission(UpdateSubmitted submission, Record<byte[], byte[]> message)
      throws UnusableRecordException {
    long at = message.timestamp();
    String runId = submission.getRunId();
    String agentId = submission.getAgentId();
    if (!LogKeys.isName(agentId)) {
      throw unusable(RejectReason.MALFORMED, "An agent is named by 1 to 64 of a-z, 0-9 and '-'.");
    }
    if (store.definition(runId).isEmpty()) {
      throw unusable(RejectReason.UNKNOWN_RUN, "There is no run %s.", runId);
    }
    Optional<Agent> joined = store.agent(runId, agentId);
    if (joined.isEmpty()) {
      reject(submission, Fault.of(RejectReason.NOT_A_PARTICIPANT, "The agent has not joined."), at);
      return;
    }
    Agent agent = joined.get();
    Optional<Fault> forged = AgentKeys.signature(submission, agent.getPublicKey());
    if (forged.isPresent()) {
      reject(submission, forged.get(), at);
      return;
    }
    if (agent.getMissing()) {
      agent.setMissing(false);
      store.putAgent(runId, agentId, agent);
    }
    Optional<Fault> untimely = untimely(submission, store.progress(runId));
    if (untimely.isPresent()) {
      reject(submission, untimely.get(), at);
      return;
    }
    take(submission, agent, store.participant(runId, agentId).orElseThrow(), at);
  }

  /** Whether it is not the round, the agent or the first time. */
  private Optional<Fault> untimely(UpdateSubmitted submission, RunProgress progress) {
    boolean open = progress.getPhase() == Phase.ROUND_OPEN;
    int round = submission.getRound();
    if (round > progress.getRound() || progress.getPhase() == Phase.STARTING) {
      return Optional.of(Fault.of(RejectReason.EARLY, "Round %d has not been opened.", round));
    }
    if (round < progress.getRound() || !open) {
      return Optional.of(Fault.of(RejectReason.LATE, "Round %d is closed.", round));
    }
    Optional<Participant> participant =
        store.participant(submission.getRunId(), submission.getAgentId());
    if (participant.isEmpty()) {
      return Optional.of(
          Fault.of(RejectReason.NOT_A_PARTICIPANT, "The agent was not asked in round %d.", round));
    }
    boolean repeated =
        switch (participant.get().getStatus()) {
          case ASKED, REJECTED -> false;
          case PENDING -> participant.get().getSubmission().equals(ContentDigest.of(submission));
          case ADMITTED -> true;
        };
    return repeated
        ? Optional.of(
            Fault.of(RejectReason.DUPLICATE, "The agent has already submitted in round %d.", round))
        : Optional.empty();
  }

  /** A participant's report: its first, another one after a rejection, or one instead of one whose shards have not all come. */
  private void take(UpdateSubmitted submission, Agent agent, Participant participant, long at) {
    String runId = submission.getRunId();
    if (participant.getStatus() == Status.PENDING) {
      replace(submission, participant, at);
    }
    RunProgress progress = store.progress(runId);
    if (participant.getStatus() == Status.REJECTED) {
      progress.setRejected(progress.getRejected() - 1);
    }
    Participant pending =
        new Participant(Status.PENDING, ContentDigest.of(submission), submission.getWeight());
    Admission admission = admission(runId, progress);
    Optional<Fault> fault = admission.statement(submission, agent.getMaxWeight());
    if (fault.isPresent()) {
      rejectReport(submission, pending, progress, fault.get(), at);
      return;
    }
    store.putSubmission(submission);
    store.putParticipant(runId, submission.getAgentId(), pending);
    store.putProgress(runId, progress);
    judge(submission, pending, progress, admission, at);
  }

  /** An update that lacks shards is never admitted: its sender may send another one, lest a round without a quorum wait for ever. */
  private void replace(UpdateSubmitted submission, Participant participant, long at) {
    store.deleteAttempt(
        submission.getRunId(), submission.getAgentId(), participant.getSubmission());
    ledger.append(
        submission.getRunId(),
        new UpdateRejected(
            submission.getRound(),
            submission.getAgentId(),
            participant.getSubmission(),
            RejectReason.INCOMPLETE,
            "Not all of the update's shards had been checked when its sender submitted another"
                + " one."),
        at);
  }

  private void onCheck(UpdateChecked check, Record<byte[], byte[]> message) {
    String runId = check.getRunId();
    RunProgress progress = store.progress(runId);
    Optional<Participant> participant = store.participant(runId, check.getAgentId());
    if (progress.getPhase() != Phase.ROUND_OPEN
        || check.getRound() != progress.getRound()
        || participant.isEmpty()
        || participant.get().getStatus() == Status.ADMITTED) {
      return; // nothing hangs on it any more
    }
    store.putCheck(check);
    if (participant.get().getStatus() == Status.PENDING
        && participant.get().getSubmission().equals(check.getSubmission())) {
      UpdateSubmitted submission = store.submission(runId, check.getAgentId()).orElseThrow();
      judge(
          submission, participant.get(), progress, admission(runId, progress), message.timestamp());
    }
  }

  /** Admits an update when all partitions agree with its submission, and rejects it as soon as one does not. */
  private void judge(
      UpdateSubmitted submission,
      Participant participant,
      RunProgress progress,
      Admission admission,
      long at) {
    String runId = submission.getRunId();
    List<UpdateChecked> checks =
        store.checks(runId, submission.getAgentId(), participant.getSubmission());
    for (UpdateChecked check : checks) {
      Optional<Fault> fault =
          admission.disagreement(submission, check, partitions.shardPartitions());
      if (fault.isPresent()) {
        rejectReport(submission, participant, progress, fault.get(), at);
        return;
      }
    }
    if (checks.size() < admission.partitionsInvolved(partitions.shardPartitions())) {
      return;
    }
    store.deleteAttempt(runId, submission.getAgentId(), participant.getSubmission());
    participant.setStatus(Status.ADMITTED);
    store.putParticipant(runId, submission.getAgentId(), participant);
    progress.setAdmitted(progress.getAdmitted() + 1);
    store.putProgress(runId, progress);
    meters.admitted(runId);
  }

  private void rejectReport(
      UpdateSubmitted submission,
      Participant participant,
      RunProgress progress,
      Fault fault,
      long at) {
    String runId = submission.getRunId();
    store.deleteAttempt(runId, submission.getAgentId(), participant.getSubmission());
    participant.setStatus(Status.REJECTED);
    store.putParticipant(runId, submission.getAgentId(), participant);
    progress.setRejected(progress.getRejected() + 1);
    store.putProgress(runId, progress);
    reject(submission, fault, at);
  }

  private void reject(UpdateSubmitted submission, Fault fault, long at) {
    UpdateRejected rejected =
        new UpdateRejected(
            submission.getRound(),
            submission.getAgentId(),
            ContentDigest.of(submission),
            fault.reason(),
            fault.detail());
    ledger.append(submission.getRunId(), rejected, at);
  }

  private Admission admission(String runId, RunProgress progress) {
    return new Admission(
        store.definition(runId).orElseThrow(),
        store.mask(runId).orElseThrow(),
        progress.getRound(),
        progress.getImportance());
  }

  // Aggregates

  private void onDigests(AggregateDigests digests, Record<byte[], byte[]> message)
      throws UnusableRecordException {
    String runId = digests.getRunId();
    RunProgress progress = store.progress(runId);
    ClosedAggregates expected =
        ClosedAggregates.of(progress, partitions.shardPartitions())
            .orElseThrow(
                () -> unusable(RejectReason.EARLY, "Run %s has not closed a round.", runId));
    UnusableRecordException.throwIf(expected.fault(digests));
    Optional<AggregateDigests> known = store.digests(runId, digests.getPartition());
    if (known.isPresent()) {
      if (!known.get().equals(digests)) {
        throw unusable(
            RejectReason.DIGEST_MISMATCH,
            "Partition %d has reported other digests of round %d before.",
            digests.getPartition(),
            digests.getRound());
      }
      return;
    }
    store.putDigests(digests);
    progress.setDigestsMissing(progress.getDigestsMissing() - 1);
    store.putProgress(runId, progress);
    if (progress.getDigestsMissing() == 0) {
      meters.aggregated(runId, message.timestamp());
    }
  }

  // Time

  private void tick(long now) {
    store
        .progress()
        .forEach(
            (runId, progress) -> {
              if (progress.getDeadlineAt() != null && !progress.getDue()) {
                context.forward(
                    new Record<>(runId.getBytes(UTF_8), new Tick(runId, progress.getRound()), now),
                    TICKS);
              }
            });
  }

  private static UnusableRecordException unusable(
      RejectReason reason, String detail, Object... arguments) {
    return new UnusableRecordException(Fault.of(reason, detail, arguments));
  }

  private final class Sinks implements RunLedger.Sink {
    @Override
    public void append(LedgerEntry entry, long at) {
      context.forward(record(entry, at), ROUNDS);
      meters.written(entry, at);
      RunStory.tell(entry);
      if (entry.getEvent() instanceof RoundOpened) {
        context.commit(); // the participants wait for it
      }
    }

    @Override
    public void multicast(LedgerEntry closed, long at) {
      context.forward(record(closed, at), CLOSES);
      context.commit(); // the shard aggregators wait for it
    }

    private Record<byte[], SpecificRecord> record(LedgerEntry entry, long at) {
      return new Record<>(entry.getRunId().getBytes(UTF_8), entry, at);
    }
  }
}
