package io.coppice.audit;

import io.coppice.aggregator.Fault;
import io.coppice.aggregator.rounds.ClientSelection;
import io.coppice.aggregator.rounds.RunChecks;
import io.coppice.audit.ClosedRound.Rejection;
import io.coppice.replay.EvidenceSource;
import io.coppice.replay.LogRecord;
import io.coppice.replay.RecordCursor;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.AgentAccepted;
import io.coppice.schemas.CloseReason;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.Contributor;
import io.coppice.schemas.DecisionUpload;
import io.coppice.schemas.LedgerEntry;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.RejectReason;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.RoundOpened;
import io.coppice.schemas.RunAccepted;
import io.coppice.schemas.RunAction;
import io.coppice.schemas.RunFinished;
import io.coppice.schemas.RunResumed;
import io.coppice.schemas.RunStopped;
import io.coppice.schemas.SignatureRule;
import io.coppice.schemas.Topic;
import io.coppice.schemas.TrainingRun;
import io.coppice.schemas.TrustedKey;
import io.coppice.schemas.UpdateRejected;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Reads the ledger of a run, round by round: its chain of digests, and the rules by which agents are accepted and chosen and
 * rounds open and close, and runs stop and go on. Whom the coordinator has asked follows from the ledger alone, so it is worked out again.
 */
final class LedgerVerifier implements AutoCloseable {

  private static final ByteBuffer NONE = ByteBuffer.allocate(0);

  /** How often, and how far apart, a ledger that may grow is looked at before it counts as cut off. */
  private static final int LOOKS = 6;

  private static final Duration PAUSE = Duration.ofMillis(500);

  /** Rejections that say nothing about a participant's report of the round. */
  private static final Set<RejectReason> NO_REPORT =
      Set.of(
          RejectReason.BAD_SIGNATURE,
          RejectReason.DUPLICATE,
          RejectReason.NOT_A_PARTICIPANT,
          RejectReason.INCOMPLETE);

  private final RunDefinition run;
  private final EvidenceSource source;
  private final int partition;
  private final PeekingCursor entries;
  private final CommandVerifier commands;
  private final AgentRegister agents = new AgentRegister();

  private ByteBuffer chain = NONE;
  private ByteBuffer previousDigest = NONE;
  private boolean accepted;
  private boolean stopped;
  private int closedRound;
  private long lastOffset = -1;
  private Long firstOpenedAt;
  private OpenRound open;
  private String askedForInitialPruning;
  private List<Rejection> rejections = new ArrayList<>();
  private LogRecord finishedRecord;
  private RunFinished finished;

  /** What is known of the round that is open. */
  private static final class OpenRound {
    private final RoundOpened opened;
    private final Set<String> asked = new TreeSet<>();
    private final Set<String> rejected = new HashSet<>();
    private final Set<String> heardOf = new HashSet<>();

    OpenRound(RoundOpened opened) {
      this.opened = opened;
      asked.addAll(opened.getParticipants());
    }
  }

  LedgerVerifier(EvidenceSource source, RunDefinition run) {
    this.run = run;
    this.source = source;
    this.closedRound = run.firstRound() - 1;
    this.partition = LogKeys.runPartition(run.id(), source.partitions(Topic.ROUNDS));
    this.commands = new CommandVerifier(source, run);
    this.entries = new PeekingCursor(source.read(run, Topic.ROUNDS, partition));
  }

  /**
   * Reads up to the next closed round.
   *
   * @return empty behind the last
   * @throws Violation at the first entry that does not hold
   */
  Optional<ClosedRound> next() {
    for (var record = entries.next(); record.isPresent(); record = entries.next()) {
      Optional<ClosedRound> closed = take(record.get());
      if (closed.isPresent()) {
        return closed;
      }
    }
    return Optional.empty();
  }

  /**
   * Checks that a run's definition is the one that its ledger has accepted: all that is looked up by it depends on that.
   *
   * @throws Violation if it is another one
   */
  static void checkDefinition(EvidenceSource source, RunDefinition run) {
    try (LedgerVerifier ledger = new LedgerVerifier(source, run)) {
      ledger.entries.next().ifPresent(ledger::take);
    }
  }

  /**
   * Whether the ledger has gone on since it was read to its end: then the run is alive. A transaction becomes visible in one partition
   * after the other, so what follows from an entry may be seen a moment before the entry.
   */
  boolean hasGrown() throws InterruptedException {
    for (int look = 0; look < LOOKS; look++) {
      try (RecordCursor more = source.readFrom(run, Topic.ROUNDS, partition, lastOffset + 1)) {
        if (more.next().isPresent()) {
          return true;
        }
      }
      if (!source.mayGrow()) {
        return false;
      }
      Thread.sleep(PAUSE);
    }
    return false;
  }

  /** Partition of the ledger. */
  int partition() {
    return partition;
  }

  /** The entry that finishes the run; null as long as none was read. */
  LogRecord finishedRecord() {
    return finishedRecord;
  }

  /** The end of the run; null as long as it was not read. */
  RunFinished finished() {
    return finished;
  }

  /** Rejections that were read behind the last closed round. */
  List<Rejection> trailingRejections() {
    return rejections;
  }

  /** The agents as they are now. */
  AgentRegister agents() {
    return agents;
  }

  private Optional<ClosedRound> take(LogRecord record) {
    lastOffset = record.offset();
    LedgerEntry entry = PeekingCursor.value(record, LedgerEntry.class);
    if (!entry.getRunId().equals(run.id())) {
      throw Violation.at(record, "runId", "the entry is of run " + entry.getRunId() + ".");
    }
    if (!accepted && !(entry.getEvent() instanceof RunAccepted)) {
      throw Violation.at(
          record,
          "event",
          "the ledger does not begin with the acceptance of the run; a log of an early release"
              + " cannot be verified.");
    }
    switch (entry.getEvent()) {
      case RunAccepted event -> onAccepted(record, event);
      case AgentAccepted event -> onAgent(record, event);
      case RoundOpened event -> onOpened(record, event);
      case UpdateRejected event -> onRejected(record, event);
      case RunStopped event -> {
        checkTurn(record, !stopped, event.getRound());
        commands.verify(record, RunAction.STOP, event.getReason(), event.getIssuer());
        stopped = true;
      }
      case RunResumed event -> {
        checkTurn(record, stopped, event.getRound());
        commands.verify(record, RunAction.RESUME, event.getReason(), event.getIssuer());
        stopped = false;
      }
      case RunFinished event -> {
        onFinished(record, event);
        return Optional.empty();
      }
      case RoundClosed event -> {
        return Optional.of(onClosed(record, event));
      }
      default ->
          throw Violation.at(
              record, "event", "a " + entry.getEvent().getClass().getSimpleName() + " is unknown.");
    }
    chain = ContentDigest.chained(chain, entry);
    return Optional.empty();
  }

  // The run and its agents

  private void onAccepted(LogRecord record, RunAccepted event) {
    if (accepted) {
      throw Violation.at(record, "event", "the run was accepted before.");
    }
    accepted = true;
    if (!event.getDefinitionDigest().equals(ContentDigest.of(run.run()))) {
      throw definitionViolation(record, event);
    }
    Optional<Fault> fault = RunChecks.definition(run.run());
    if (fault.isPresent()) {
      throw Violation.at(
          record, "event", "the definition should have been rejected: " + fault.get().detail());
    }
  }

  /** The chain holds the ledger, so it is the definition that is not the accepted one. */
  private Violation definitionViolation(LogRecord record, RunAccepted event) {
    String what =
        "the definition is not the one that the ledger has accepted (digest "
            + Digests.brief(event.getDefinitionDigest())
            + "...).";
    int partition = LogKeys.runPartition(run.id(), source.partitions(Topic.RUNS));
    try (PeekingCursor runs = new PeekingCursor(source.read(run, Topic.RUNS, partition))) {
      return runs.next()
          .map(definition -> Violation.at(definition, "", what))
          .orElseGet(() -> Violation.at(record, "definitionDigest", what));
    }
  }

  private void onAgent(LogRecord record, AgentAccepted event) {
    TrainingRun rules = run.run();
    AgentRegister.Agent before = agents.get(event.getAgentId());
    if (before != null && !before.encodedKey().equals(event.getPublicKey())) {
      throw Violation.at(
          record,
          "publicKey",
          "agent "
              + event.getAgentId()
              + " had joined with another key, which is its for the run.");
    }
    if (rules.getTrustedKeys() != null
        && !rules
            .getTrustedKeys()
            .contains(new TrustedKey(event.getAgentId(), event.getPublicKey()))) {
      throw Violation.at(
          record,
          "publicKey",
          "agent "
              + event.getAgentId()
              + " is not, or not with this key, among those that the run trusts.");
    }
    if (!event.getPublicKey().hasRemaining() && rules.getSignatures() == SignatureRule.REQUIRED) {
      throw Violation.at(
          record,
          "publicKey",
          "agent " + event.getAgentId() + " has no key, in a run that requires signatures.");
    }
    if (!LogKeys.isName(event.getAgentId()) || event.getMaxWeight() < 1) {
      throw Violation.at(
          record,
          "",
          "an agent has a name of a-z, 0-9 and '-', and a largest weight of at least 1.");
    }
    try {
      agents.accept(event);
    } catch (IllegalArgumentException e) {
      throw Violation.at(record, "publicKey", e.getMessage());
    }
  }

  // Stopping

  /**
   * A run that is not over stops and goes on in turn.
   *
   * @param round the round that the entry says was open, or else closed last
   */
  private void checkTurn(LogRecord record, boolean turn, int round) {
    if (!turn || closedRound == run.lastRound()) {
      throw Violation.at(
          record,
          "event",
          closedRound == run.lastRound()
              ? "the last round was closed before."
              : stopped ? "the run was stopped before." : "the run was not stopped.");
    }
    int expected = open == null ? Math.max(-1, closedRound) : open.opened.getRound();
    if (round != expected) {
      throw Violation.at(
          record, "round", "it names round " + round + " where it is round " + expected + ".");
    }
  }

  // Opening

  private void onOpened(LogRecord record, RoundOpened event) {
    int expected = open == null ? closedRound + 1 : open.opened.getRound();
    if (finished != null || event.getRound() != expected || expected > run.lastRound()) {
      throw Violation.at(
          record,
          "round",
          finished != null || expected > run.lastRound()
              ? "a round is opened behind the last one."
              : "round " + event.getRound() + " is opened where round " + expected + " is due.");
    }
    if (stopped) {
      throw Violation.at(
          record, "event", "round " + event.getRound() + " is opened while the run is stopped.");
    }
    boolean initial = event.getRound() == RunDefinition.INITIAL_PRUNING_ROUND;
    boolean upload =
        !initial
            && run.upload() != DecisionUpload.NOTHING
            && run.decisions().contains(event.getRound());
    if (event.getImportance() != upload) {
      throw Violation.at(
          record,
          "importance",
          "by its schedule the run has " + (upload ? "" : "no ") + "importance uploaded here.");
    }
    long deadline =
        initial
            ? run.run().getInitialPruning().getDeadlineMillis()
            : run.run().getParticipation().getDeadlineMillis();
    if (event.getDeadlineAt().toEpochMilli() - event.getOpenedAt().toEpochMilli() != deadline) {
      throw Violation.at(
          record, "deadlineAt", "the deadline is not " + deadline + " ms behind the opening.");
    }
    if (open == null) {
      checkEnoughHaveJoined(record);
    }
    List<String> due = initial ? dueForInitialPruning() : dueForRound(event.getRound());
    if (!event.getParticipants().equals(due)) {
      throw Violation.at(
          record,
          "participants",
          "asked are " + event.getParticipants() + " where it is for " + due + ".");
    }
    if (initial) {
      askedForInitialPruning = due.getFirst();
    }
    if (firstOpenedAt == null) {
      firstOpenedAt = record.timestamp();
    }
    OpenRound before = open;
    open = new OpenRound(event);
    if (before != null && !initial) {
      open.rejected.addAll(before.rejected);
      open.heardOf.addAll(before.heardOf);
    }
  }

  private List<String> dueForRound(int round) {
    if (open != null) {
      List<String> others =
          agents.present().stream().filter(agent -> !open.asked.contains(agent)).toList();
      Set<String> due = new TreeSet<>(open.asked);
      due.addAll(ClientSelection.choose(run.run(), round, others));
      return List.copyOf(due);
    }
    List<String> present = agents.present();
    boolean enough = present.size() >= run.run().getParticipation().getQuorum();
    return ClientSelection.choose(run.run(), round, enough ? present : agents.all());
  }

  private List<String> dueForInitialPruning() {
    List<String> all = agents.all();
    return all.stream()
        .filter(
            agent -> askedForInitialPruning != null && agent.compareTo(askedForInitialPruning) > 0)
        .findFirst()
        .or(() -> all.stream().findFirst())
        .stream()
        .toList();
  }

  private void checkEnoughHaveJoined(LogRecord record) {
    int quorum = run.run().getParticipation().getQuorum();
    if (agents.count() < Math.max(1, quorum)) {
      throw Violation.at(
          record,
          "",
          "a round is opened when "
              + agents.count()
              + " agents have joined, fewer than the quorum of "
              + quorum
              + ".");
    }
  }

  // Rejecting and closing

  private void onRejected(LogRecord record, UpdateRejected event) {
    checkOpenToAgent(record, event);
    rejections.add(new Rejection(record, event));
    if (event.getReason() != RejectReason.BAD_SIGNATURE) {
      agents.setMissing(event.getAgentId(), false);
    }
    if (open == null || event.getRound() != open.opened.getRound()) {
      return;
    }
    if (event.getReason() != RejectReason.BAD_SIGNATURE
        && event.getReason() != RejectReason.NOT_A_PARTICIPANT) {
      open.heardOf.add(event.getAgentId());
    }
    if (!NO_REPORT.contains(event.getReason())) {
      open.rejected.add(event.getAgentId());
    }
  }

  /** While a round is open for an agent that was asked, no submission of it for that round comes too late or from an outsider. */
  private void checkOpenToAgent(LogRecord record, UpdateRejected event) {
    boolean isOpen =
        open != null
            && open.opened.getRound() == event.getRound()
            && open.asked.contains(event.getAgentId());
    if (isOpen
        && (event.getReason() == RejectReason.LATE
            || event.getReason() == RejectReason.NOT_A_PARTICIPANT)) {
      throw Violation.at(
          record,
          "reason",
          String.format(
              "round %d was open, and agent %s was asked.", event.getRound(), event.getAgentId()));
    }
  }

  private ClosedRound onClosed(LogRecord record, RoundClosed event) {
    int expected = closedRound + 1;
    if (event.getRound() != expected) {
      throw Violation.at(
          record,
          "round",
          "round " + event.getRound() + " is closed where round " + expected + " is due.");
    }
    checkLink(record, event.getPreviousDigest(), event.getEventsDigest());
    if (!event.getDigest().equals(ContentDigest.of(run.id(), event))) {
      throw Violation.at(record, "digest", "it is not that of the content.");
    }
    if (open == null || open.opened.getRound() != expected) {
      throw Violation.at(record, "round", "round " + expected + " is closed but was not opened.");
    }
    if (event.getMaskVersion() != open.opened.getMaskVersion()
        || event.getImportance() != open.opened.getImportance()) {
      throw Violation.at(
          record,
          "maskVersion",
          "mask or importance are not those that the round was opened with.");
    }
    if (event.getEncoding() != run.run().getEncoding().getAggregate()) {
      throw Violation.at(record, "encoding", "it is not that of the run.");
    }
    checkContributors(record, event);
    checkReason(record, event);
    ClosedRound closed =
        new ClosedRound(record, event, List.copyOf(rejections), involved(event), firstOpenedAt);
    markMissing(event);
    chain = NONE;
    previousDigest = event.getDigest();
    closedRound = expected;
    open = null;
    rejections = new ArrayList<>();
    return closed;
  }

  private void checkLink(LogRecord record, ByteBuffer previous, ByteBuffer events) {
    if (!previous.equals(previousDigest)) {
      throw Violation.at(
          record,
          "previousDigest",
          "it is not the digest of the round before (" + Digests.brief(previousDigest) + "...).");
    }
    if (!events.equals(chain)) {
      throw Violation.at(
          record,
          "eventsDigest",
          "the entries since the round before are not those that it commits to.");
    }
  }

  private void checkContributors(LogRecord record, RoundClosed event) {
    String last = "";
    for (int i = 0; i < event.getContributors().size(); i++) {
      Contributor contributor = event.getContributors().get(i);
      String field = "contributors[" + i + "].agentId";
      if (contributor.getAgentId().compareTo(last) <= 0) {
        throw Violation.at(record, field, "contributors are in ascending order, each once.");
      }
      last = contributor.getAgentId();
      if (!open.asked.contains(last)) {
        throw Violation.at(record, field, "agent " + last + " was not asked.");
      }
    }
    int quorum =
        event.getRound() == RunDefinition.INITIAL_PRUNING_ROUND
            ? 1
            : run.run().getParticipation().getQuorum();
    if (event.getContributors().size() < quorum) {
      throw Violation.at(
          record,
          "contributors",
          String.format(
              "the round is closed with %d contributors, fewer than its quorum of %d.",
              event.getContributors().size(), quorum));
    }
  }

  private void checkReason(LogRecord record, RoundClosed event) {
    if (event.getReason() == CloseReason.DEADLINE) {
      if (event.getClosedAt().isBefore(open.opened.getDeadlineAt())) {
        throw Violation.at(
            record, "reason", "the round was closed by its deadline, but before it.");
      }
      return;
    }
    Set<String> silent = new TreeSet<>(open.asked);
    silent.removeAll(open.rejected);
    event.getContributors().forEach(contributor -> silent.remove(contributor.getAgentId()));
    if (!silent.isEmpty()) {
      throw Violation.at(
          record,
          "contributors",
          "everybody is said to have reported, but "
              + silent
              + " neither contributed nor were rejected.");
    }
  }

  private Map<String, AgentRegister.Agent> involved(RoundClosed event) {
    Map<String, AgentRegister.Agent> involved = new HashMap<>();
    event.getContributors().forEach(c -> involved.put(c.getAgentId(), agents.get(c.getAgentId())));
    rejections.stream()
        .map(rejection -> rejection.rejected().getAgentId())
        .filter(agent -> agents.get(agent) != null)
        .forEach(agent -> involved.put(agent, agents.get(agent)));
    return involved;
  }

  private void markMissing(RoundClosed event) {
    if (event.getRound() == RunDefinition.INITIAL_PRUNING_ROUND) {
      return;
    }
    Set<String> silent = new TreeSet<>(open.asked);
    silent.removeAll(open.heardOf);
    event.getContributors().forEach(contributor -> silent.remove(contributor.getAgentId()));
    silent.forEach(agent -> agents.setMissing(agent, true));
    event
        .getContributors()
        .forEach(contributor -> agents.setMissing(contributor.getAgentId(), false));
  }

  private void onFinished(LogRecord record, RunFinished event) {
    if (finished != null || closedRound != run.lastRound()) {
      throw Violation.at(
          record,
          "event",
          finished != null
              ? "the run was finished before."
              : "the run is finished behind round "
                  + closedRound
                  + ", but its last is round "
                  + run.lastRound()
                  + ".");
    }
    checkLink(record, event.getPreviousDigest(), event.getEventsDigest());
    if (event.getRounds() != run.run().getRounds()) {
      throw Violation.at(record, "rounds", "the run has " + run.run().getRounds() + " rounds.");
    }
    if (!event.getDigest().equals(ContentDigest.of(run.id(), event))) {
      throw Violation.at(record, "digest", "it is not that of the content.");
    }
    finished = event;
    finishedRecord = record;
    chain = NONE;
  }

  @Override
  public void close() {
    entries.close();
  }
}
