package io.coppice.console.progress;

import io.coppice.learning.model.Mask;
import io.coppice.learning.pruning.CostModel;
import io.coppice.replay.IgnoredLog;
import io.coppice.replay.LogReader;
import io.coppice.replay.LogReader.Entry;
import io.coppice.replay.LogTensors;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.RunRecords;
import io.coppice.schemas.AgentAccepted;
import io.coppice.schemas.AgentRound;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.InitialPruningProgress;
import io.coppice.schemas.LedgerEntry;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.MetricEntry;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.RoundEvaluated;
import io.coppice.schemas.RoundOpened;
import io.coppice.schemas.RunAccepted;
import io.coppice.schemas.RunFinished;
import io.coppice.schemas.RunResumed;
import io.coppice.schemas.RunStopped;
import io.coppice.schemas.Topic;
import io.coppice.schemas.UpdateRejected;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Watches a run through its ledger, masks and metrics, like anybody who tails these topics. Holds figures, not models. Used by
 * one thread.
 */
public final class RunMonitor implements AutoCloseable {

  /** What tells how a run goes. */
  static final List<Topic> TOPICS = List.of(Topic.ROUNDS, Topic.MASKS, Topic.METRICS);

  private final RunDefinition run;
  private final RunRecords records;
  private final LogReader reader;

  private final TreeMap<Integer, RoundClosed> closed = new TreeMap<>();
  private final TreeMap<Integer, RoundOpened> opened = new TreeMap<>();
  private final Map<Integer, List<AgentRound>> agentRounds = new HashMap<>();
  private final Map<Integer, List<RoundEvaluated>> evaluations = new HashMap<>();
  private final Map<Integer, Integer> rejections = new HashMap<>();

  /** Masks by the first round that is trained under them. */
  private final TreeMap<Integer, Mask> masks = new TreeMap<>();

  private final List<UpdateRejected> rejected = new ArrayList<>();
  private CostModel cost;
  private final Set<String> agents = new TreeSet<>();
  private InitialPruningProgress initialPruning;
  private boolean accepted;
  private RunStopped stopped;
  private RunFinished finished;

  /** Watches one run. */
  public RunMonitor(ClusterConfig cluster, LogSerdes serdes, RunDefinition run) {
    this(new LogReader(cluster), serdes, run);
    int partition = LogKeys.runPartition(run.id(), reader.partitions(Topic.ROUNDS));
    for (Topic topic : TOPICS) {
      reader.followSince(topic, partition, run.searchedSince());
    }
  }

  /**
   * @param reader of {@link #TOPICS}
   */
  RunMonitor(LogReader reader, LogSerdes serdes, RunDefinition run) {
    this.run = run;
    this.cost = run.cost();
    this.records = new RunRecords(serdes, run, new IgnoredLog());
    this.reader = reader;
  }

  public RunDefinition run() {
    return run;
  }

  /** Reads what is there; waits up to a time if there is nothing. Returns whether anything was new. */
  public boolean poll(Duration atMost) {
    boolean news = false;
    for (Entry entry : reader.poll(atMost)) {
      if (run.id().equals(entry.key())) {
        take(entry);
        news = true;
      }
    }
    return news;
  }

  /** Whether everything that was in the log at the start has been read. */
  public boolean hasReadHistory() {
    return reader.hasReachedEnd();
  }

  /** Takes a record under the run's key. */
  void take(Entry entry) {
    if (entry.value() == null) {
      return;
    }
    switch (entry.topic()) {
      case ROUNDS -> records.ledger(entry).map(LedgerEntry::getEvent).ifPresent(this::takeEvent);
      case MASKS -> records.mask(entry).ifPresent(this::takeMask);
      case METRICS -> records.metric(entry).map(MetricEntry::getEvent).ifPresent(this::takeMetric);
      default -> throw new IllegalStateException("not followed: " + entry.topic());
    }
  }

  private void takeEvent(Object ledgerEvent) {
    switch (ledgerEvent) {
      case RoundOpened event -> opened.put(event.getRound(), event);
      case RoundClosed event -> closed.put(event.getRound(), event);
      case UpdateRejected event -> {
        rejected.add(event);
        rejections.merge(event.getRound(), 1, Integer::sum);
      }
      case RunAccepted event -> accepted = true;
      case AgentAccepted event -> agents.add(event.getAgentId());
      case RunStopped event -> stopped = event;
      case RunResumed event -> stopped = null;
      case RunFinished event -> finished = event;
      default -> {} // of no concern to whoever watches
    }
  }

  private void takeMask(MaskPublished mask) {
    masks.put(mask.getEffectiveRound(), LogTensors.fromLog(run.layout(), mask.getLayers()));
    cost = run.cost(mask);
  }

  private void takeMetric(Object observed) {
    switch (observed) {
      case RoundEvaluated event ->
          evaluations.computeIfAbsent(event.getRound(), r -> new ArrayList<>()).add(event);
      case AgentRound event ->
          agentRounds.computeIfAbsent(event.getRound(), r -> new ArrayList<>()).add(event);
      case InitialPruningProgress event -> initialPruning = event;
      default -> throw new IllegalStateException("unknown metric");
    }
  }

  /** Whether the last round is closed and evaluated, and its mask decided. */
  public boolean isComplete() {
    int last = run.lastRound();
    boolean evaluated = evaluations.containsKey(last);
    RoundClosed end = closed.get(last);
    return finished != null
        && evaluated
        && end != null
        && (!run.newMaskAfter(last) || masks.containsKey(last + 1));
  }

  /** Whether an aggregator has taken up the definition. */
  public boolean isAccepted() {
    return accepted;
  }

  /** Agents that have joined, be they still there or not, in ascending order. */
  public Set<String> agents() {
    return Collections.unmodifiableSet(agents);
  }

  /** Whether a command has stopped the run, and none has let it go on since; a run that is over is not stopped. */
  public boolean isStopped() {
    return stopped().isPresent();
  }

  /** Since when, by whom and why the run is stopped; empty if it is not. */
  public Optional<RunStopped> stopped() {
    return finished != null ? Optional.empty() : Optional.ofNullable(stopped);
  }

  /** The end of the ledger; empty if the run goes on. Its last evaluation may come later, or never if nobody evaluates. */
  public Optional<RunFinished> finished() {
    return Optional.ofNullable(finished);
  }

  /** All rejected updates, in ledger order. */
  public List<UpdateRejected> rejected() {
    return Collections.unmodifiableList(rejected);
  }

  /** The newest round that has opened, if it has not closed; empty if none is open. */
  public Optional<RoundOpened> unclosedRound() {
    return openRound().filter(round -> !closed.containsKey(round.getRound()));
  }

  /** The newest mask, and the first round that is trained under it; empty before the first. */
  public Optional<Map.Entry<Integer, Mask>> maskInForce() {
    return Optional.ofNullable(masks.lastEntry());
  }

  /** Masks that have been published. */
  public int maskCount() {
    return masks.size();
  }

  /** The newest round that has opened; empty before the first. */
  public Optional<RoundOpened> openRound() {
    return opened.isEmpty() ? Optional.empty() : Optional.of(opened.lastEntry().getValue());
  }

  /** The newest round that has closed, initial pruning not counted; -1 before the first. */
  public int lastClosedRound() {
    return closed.isEmpty() ? -1 : Math.max(-1, closed.lastKey());
  }

  /** How far initial pruning is or came; empty if it has not reported. */
  public Optional<InitialPruningProgress> initialPruning() {
    return Optional.ofNullable(initialPruning);
  }

  /** Figures of initial pruning as an agent's round; empty if it is not done. */
  public Optional<AgentRound> initialPruningRound() {
    List<AgentRound> rounds = agentRounds.get(RunDefinition.INITIAL_PRUNING_ROUND);
    return rounds == null ? Optional.empty() : Optional.of(rounds.getLast());
  }

  /** The first rejection of the open round if all its participants were rejected, so that it will never close. */
  public Optional<UpdateRejected> stuckBecause() {
    if (opened.isEmpty() || closed.containsKey(opened.lastKey())) {
      return Optional.empty();
    }
    RoundOpened open = opened.lastEntry().getValue();
    List<UpdateRejected> ofRound =
        rejected.stream().filter(r -> r.getRound() == open.getRound()).toList();
    Set<String> refused =
        ofRound.stream().map(UpdateRejected::getAgentId).collect(Collectors.toSet());
    return refused.containsAll(open.getParticipants())
        ? Optional.of(ofRound.getFirst())
        : Optional.empty();
  }

  /** The newest mask; empty before the first. */
  public Optional<Mask> mask() {
    return masks.isEmpty() ? Optional.empty() : Optional.of(masks.lastEntry().getValue());
  }

  /**
   * The cost model in force: where the agents measure it that of the newest mask, else the run's own. All rounds are estimated by
   * this one, so that their sum is comparable.
   */
  public CostModel cost() {
    return cost;
  }

  /** The newest evaluation; empty before the first. */
  public Optional<RoundEvaluated> newestEvaluation() {
    return evaluations.keySet().stream().max(Integer::compare).flatMap(this::evaluation);
  }

  /** Evaluation of a round: one evaluator's, or all agents' weighted by samples. */
  private Optional<RoundEvaluated> evaluation(int round) {
    List<RoundEvaluated> found = evaluations.get(round);
    if (found == null) {
      return Optional.empty();
    }
    if (found.size() == 1) {
      return Optional.of(found.getFirst());
    }
    long samples = found.stream().mapToLong(RoundEvaluated::getSamples).sum();
    return Optional.of(
        RoundEvaluated.newBuilder(found.getFirst())
            .setEvaluator("federated")
            .setSamples((int) Math.min(samples, Integer.MAX_VALUE))
            .setAccuracy(
                found.stream().mapToDouble(e -> e.getAccuracy() * e.getSamples()).sum() / samples)
            .setLoss(found.stream().mapToDouble(e -> e.getLoss() * e.getSamples()).sum() / samples)
            .build());
  }

  /**
   * A closed round, or initial pruning as round {@link RunDefinition#INITIAL_PRUNING_ROUND}; empty if it has not closed, or its
   * mask is not there yet.
   */
  public Optional<RoundProgress> round(int round) {
    RoundClosed end = closed.get(round);
    Map.Entry<Integer, Mask> after = masks.floorEntry(round + 1);
    if (end == null || after == null || (run.newMaskAfter(round) && after.getKey() != round + 1)) {
      return Optional.empty();
    }
    List<AgentRound> agents = agentRounds.getOrDefault(round, List.of());
    return Optional.of(
        new RoundProgress(
            round,
            end.getContributors().size(),
            rejections.getOrDefault(round, 0),
            evaluation(round),
            after.getValue().density(),
            layerDensities(after.getValue()),
            after.getValue().activeParameters(),
            agents.stream().mapToLong(AgentRound::getBytesUp).sum(),
            agents.stream().mapToLong(AgentRound::getBytesDown).sum(),
            secondsOf(end),
            cost.roundSeconds(after.getValue().keptPerLayer()),
            agents.stream().mapToDouble(AgentRound::getTrainSeconds).average().orElse(0)));
  }

  private static List<Double> layerDensities(Mask mask) {
    return IntStream.range(0, mask.layout().prunable().size()).mapToObj(mask::density).toList();
  }

  private double secondsOf(RoundClosed end) {
    RoundClosed before = closed.get(end.getRound() - 1);
    RoundOpened start = opened.get(end.getRound());
    long from =
        before != null ? before.getClosedAt().toEpochMilli() : start.getOpenedAt().toEpochMilli();
    return (end.getClosedAt().toEpochMilli() - from) / 1e3;
  }

  /** All closed rounds from 0 on, in order. */
  public List<RoundProgress> rounds() {
    List<RoundProgress> rounds = new ArrayList<>();
    for (int r = 0; r <= lastClosedRound(); r++) {
      round(r).ifPresent(rounds::add);
    }
    return rounds;
  }

  @Override
  public void close() {
    reader.close();
  }
}
