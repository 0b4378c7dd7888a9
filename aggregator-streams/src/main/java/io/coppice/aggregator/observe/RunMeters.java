package io.coppice.aggregator.observe;

import io.coppice.aggregator.state.Phase;
import io.coppice.aggregator.state.RunProgress;
import io.coppice.schemas.CloseReason;
import io.coppice.schemas.RejectReason;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.RoundOpened;
import io.coppice.schemas.TrainingRun;
import io.coppice.schemas.UpdateRejected;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;

/** The figures of one run, as its round coordinator sees it. All times are from record to record, none from the clock. */
final class RunMeters implements AutoCloseable {

  private final Optional<TrainingRun> definition;
  private final MeterSet meters;
  private final Map<Phase, Level> phases = new EnumMap<>(Phase.class);
  private final Map<CloseReason, Counter> closed = new EnumMap<>(CloseReason.class);
  private final Map<RejectReason, Counter> rejections = new EnumMap<>(RejectReason.class);
  private final Level agents;
  private final Level round;
  private final Level maskVersion;
  private final Level participants;
  private final Level admitted;
  private final Level rejected;
  private final Level deadline;
  private final Level contributors;
  private final Counter reopened;
  private final Counter admissions;
  private final Timer roundTime;
  private final Timer aggregation;

  /** The round that was opened last and when that was first done; none after a move, until the next opens. */
  private int openedRound = Integer.MIN_VALUE;

  private long openedAt;

  /** When the round closed last was closed, until its aggregates are there. */
  private OptionalLong closedAt = OptionalLong.empty();

  private OptionalLong finishedAt = OptionalLong.empty();

  /**
   * @param definition what the run's size is taken from
   */
  RunMeters(MeterRegistry registry, String runId, Optional<TrainingRun> definition) {
    this.definition = definition;
    this.meters = new MeterSet(registry, "run", runId);
    for (Phase phase : Phase.values()) {
      phases.put(
          phase,
          meters.level(
              "coppice.run.phase",
              "1 for the phase that the run is in, 0 for the others",
              "phase",
              Telemetry.label(phase)));
    }
    for (CloseReason reason : CloseReason.values()) {
      closed.put(
          reason,
          meters.counter(
              "coppice.rounds.closed", "Rounds closed", "reason", Telemetry.label(reason)));
    }
    for (RejectReason reason : RejectReason.values()) {
      rejections.put(
          reason,
          meters.counter(
              "coppice.updates.rejected", "Updates rejected", "reason", Telemetry.label(reason)));
    }
    agents = meters.level("coppice.run.agents", "Agents that have joined");
    round = meters.level("coppice.round.number", "The open round, or the one closed last");
    maskVersion = meters.level("coppice.round.mask.version", "Mask in force in that round");
    participants = meters.level("coppice.round.participants", "Agents asked in that round");
    admitted = meters.level("coppice.round.admitted", "Updates admitted in that round");
    rejected =
        meters.level("coppice.round.rejected", "Agents whose last update was rejected in it");
    deadline =
        meters.level(
            "coppice.round.deadline.timestamp.seconds",
            "When the deadline passes, Unix time; NaN: there is none");
    contributors =
        meters.level("coppice.round.contributors", "Contributors of the round closed last");
    reopened =
        meters.counter(
            "coppice.rounds.reopened", "Times that others were asked, for want of a quorum");
    admissions = meters.counter("coppice.updates.admitted", "Updates admitted");
    roundTime =
        meters.histogram("coppice.round.duration", "From the opening of a round to its closing");
    aggregation =
        meters.histogram(
            "coppice.round.aggregation", "From the closing of a round to its last aggregate");
    meters
        .level("coppice.round.quorum", "Updates that a round needs to be closed")
        .set(definition.map(r -> (double) r.getParticipation().getQuorum()).orElse(Double.NaN));
    meters
        .level("coppice.run.rounds", "Rounds that the run has")
        .set(definition.map(r -> (double) r.getRounds()).orElse(Double.NaN));
  }

  void found(RunProgress progress) {
    show(progress);
    if (progress.getPhase() == Phase.ROUND_OPEN && progress.getDeadlineAt() != null) {
      openedRound = progress.getRound();
      openedAt = progress.getDeadlineAt() - deadlineMillis(progress.getRound());
    }
  }

  private long deadlineMillis(int ofRound) {
    return definition
        .map(
            run ->
                ofRound < 0 && run.getInitialPruning() != null
                    ? run.getInitialPruning().getDeadlineMillis()
                    : run.getParticipation().getDeadlineMillis())
        .orElse(0L);
  }

  void progressed(RunProgress progress, long now) {
    show(progress);
    if (progress.getPhase() == Phase.FINISHED && finishedAt.isEmpty()) {
      finishedAt = OptionalLong.of(now);
    }
  }

  private void show(RunProgress progress) {
    phases.forEach((phase, level) -> level.set(phase == progress.getPhase() ? 1 : 0));
    agents.set(progress.getJoined());
    round.set(progress.getRound());
    maskVersion.set(progress.getMaskVersion());
    participants.set(progress.getParticipants());
    admitted.set(progress.getAdmitted());
    rejected.set(progress.getRejected());
    deadline.set(progress.getDeadlineAt() == null ? Double.NaN : progress.getDeadlineAt() / 1000.0);
  }

  void admitted() {
    admissions.increment();
  }

  void written(Object event, long at) {
    switch (event) {
      case RoundOpened opened -> opened(opened, at);
      case RoundClosed done -> closed(done, at);
      case UpdateRejected refused -> rejections.get(refused.getReason()).increment();
      default -> {} // the rest shows in the run's progress
    }
  }

  /** Initial pruning opens its round anew for each agent that it asks; a round that has been open is asked once more. */
  private void opened(RoundOpened opened, long at) {
    if (opened.getRound() == openedRound) {
      reopened.increment();
    } else {
      openedRound = opened.getRound();
      openedAt = at;
    }
  }

  private void closed(RoundClosed done, long at) {
    closed.get(done.getReason()).increment();
    contributors.set(done.getContributors().size());
    closedAt = OptionalLong.of(at);
    if (done.getRound() == openedRound) {
      long took = done.getClosedAt().toEpochMilli() - openedAt;
      roundTime.record(Math.max(0, took), TimeUnit.MILLISECONDS);
    }
  }

  void aggregated(long at) {
    closedAt.ifPresent(since -> aggregation.record(Math.max(0, at - since), TimeUnit.MILLISECONDS));
    closedAt = OptionalLong.empty();
  }

  boolean finishedBefore(long time) {
    return finishedAt.isPresent() && finishedAt.getAsLong() - time < 0;
  }

  @Override
  public void close() {
    meters.close();
  }
}
