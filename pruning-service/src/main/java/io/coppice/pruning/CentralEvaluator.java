package io.coppice.pruning;

import io.coppice.learning.data.Dataset;
import io.coppice.learning.training.Evaluation;
import io.coppice.learning.training.Evaluator;
import io.coppice.replay.FoldDetail;
import io.coppice.replay.FoldedRound;
import io.coppice.replay.IgnoredLog;
import io.coppice.replay.LogReader;
import io.coppice.replay.ModelFold;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.RunFollower;
import io.coppice.replay.RunRecords;
import io.coppice.replay.TransactionalWriter;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.MetricEntry;
import io.coppice.schemas.RoundEvaluated;
import io.coppice.schemas.RunContext;
import io.coppice.schemas.RunFinished;
import io.coppice.schemas.Topic;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Evaluates a run's model on a test set in the rounds that ask for it, and writes the result to {@code metrics}. It folds for
 * itself and never holds up training.
 */
final class CentralEvaluator implements Runnable {

  /** Who evaluates, in {@link RoundEvaluated#getEvaluator}. */
  static final String NAME = "evaluator";

  private static final Logger LOG = LoggerFactory.getLogger(CentralEvaluator.class);
  private static final Duration POLL = Duration.ofMillis(250);

  private final ClusterConfig cluster;
  private final LogSerdes serdes;
  private final RunDefinition run;
  private final Dataset test;
  private final ServiceMetrics metrics;
  private final CatchingUp catchingUp;
  private final Set<Integer> evaluated = new HashSet<>();
  private volatile boolean stopped;
  private boolean finished;

  private Evaluator evaluator;
  private TransactionalWriter writer;
  private RunFollower follower;

  CentralEvaluator(
      ClusterConfig cluster,
      LogSerdes serdes,
      RunDefinition run,
      Dataset test,
      ServiceMetrics metrics,
      CatchingUp catchingUp) {
    this.cluster = cluster;
    this.serdes = serdes;
    this.run = run;
    this.test = test;
    this.metrics = metrics;
    this.catchingUp = catchingUp;
  }

  void stop() {
    stopped = true;
  }

  @Override
  public void run() {
    try (CatchingUp.Place place = catchingUp.take(() -> stopped)) {
      if (place.isHeld()) {
        keepUp(place);
      }
    }
  }

  private void keepUp(CatchingUp.Place place) {
    String transactionalId = cluster.topicPrefix() + NAME + "-" + run.id();
    try (TransactionalWriter openWriter =
            new TransactionalWriter(cluster, transactionalId, run.id());
        Evaluator openEvaluator = new Evaluator(run.architecture(), run.loss());
        RunFollower openFollower =
            new RunFollower(cluster, serdes, run, FoldDetail.MODEL, new Watcher())) {
      writer = openWriter;
      evaluator = openEvaluator;
      follower = openFollower;
      readWhatWasEvaluated();
      boolean started = false;
      while (!stopped
          && !(finished
              && follower.fold().hasModel()
              && follower.fold().nextRound() > run.lastRound())) {
        follower.poll(POLL);
        if (follower.hasReadHistory()) {
          place.close();
        }
        if (!started && follower.fold().hasModel()) {
          started = true;
          // The checkpoint it starts from may be the model after a round that a predecessor did not
          // get to.
          evaluateIfDue(follower.fold().nextRound() - 1);
        }
      }
    }
  }

  private void readWhatWasEvaluated() {
    RunRecords records = new RunRecords(serdes, run, new IgnoredLog(metrics::ignored));
    try (LogReader reader = new LogReader(cluster)) {
      int partition = LogKeys.runPartition(run.id(), reader.partitions(Topic.METRICS));
      reader.followSince(Topic.METRICS, partition, run.since());
      while (!reader.hasReachedEnd()) {
        for (LogReader.Entry entry : reader.poll(POLL)) {
          if (run.id().equals(entry.key())) {
            records.metric(entry).map(MetricEntry::getEvent).ifPresent(this::takeNote);
          }
        }
      }
    }
  }

  private void takeNote(Object observed) {
    if (observed instanceof RoundEvaluated found && found.getEvaluator().equals(NAME)) {
      evaluated.add(found.getRound());
      metrics.evaluated(run.id(), found.getRound(), found.getAccuracy(), found.getLoss());
    }
  }

  private void evaluateIfDue(int round) {
    if (!run.isEvaluated(round) || stopped || !evaluated.add(round)) {
      return;
    }
    try (RunContext _ = RunContext.of(run.id(), round)) {
      evaluate(round);
    }
  }

  private void evaluate(int round) {
    ModelFold fold = follower.fold();
    long start = System.nanoTime();
    Evaluation result = evaluator.evaluate(fold.parameters(), fold.mask(), test);
    RoundEvaluated event =
        RoundEvaluated.newBuilder()
            .setRound(round)
            .setEvaluator(NAME)
            .setSamples(Math.toIntExact(result.samples()))
            .setAccuracy(result.accuracy())
            .setLoss(result.meanLoss())
            .setDensity(fold.mask().density())
            .setSeconds((System.nanoTime() - start) / 1e9)
            .build();
    writer.begin();
    writer.sendByRun(
        Topic.METRICS,
        serdes.metrics,
        run.id(),
        MetricEntry.newBuilder().setRunId(run.id()).setEvent(event).build());
    writer.commit();
    metrics.evaluated(run.id(), round, result.accuracy(), result.meanLoss());
    LOG.info(
        "run {} round {}: accuracy {}, loss {}",
        run.id(),
        round,
        result.accuracy(),
        result.meanLoss());
  }

  private final class Watcher implements RunFollower.Listener {
    @Override
    public void folded(FoldedRound round) {
      evaluateIfDue(round.round());
    }

    @Override
    public void runFinished(RunFinished event) {
      finished = true;
    }
  }
}
