package io.coppice.console.ring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.coppice.learning.data.BatchSequence;
import io.coppice.learning.data.Dataset;
import io.coppice.learning.data.Datasets;
import io.coppice.learning.data.Split;
import io.coppice.learning.pruning.MagnitudePruning;
import io.coppice.learning.pruning.ThompsonSampling;
import io.coppice.learning.pruning.Votes;
import io.coppice.learning.training.Evaluator;
import io.coppice.learning.training.LocalTrainer;
import io.coppice.learning.training.LocalUpdate;
import io.coppice.learning.training.RoundGradients;
import io.coppice.pruning.MaskPolicy;
import io.coppice.replay.LogTensors;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.RunModel;
import io.coppice.schemas.LocalTraining;
import io.coppice.schemas.Participation;
import io.coppice.schemas.ProbeLosses;
import io.coppice.schemas.ShardKind;
import io.coppice.schemas.TensorEncoding;
import io.coppice.schemas.TrainingRun;
import io.coppice.schemas.UpdateShard;
import io.coppice.schemas.UpdateSubmitted;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What an agent adds to its update for other policies than PruneFL, computed again beside it. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class UploadsTest {

  private static final Path MNIST = Path.of("..", "data", "mnist");
  private static final String AGENT = "agent-0";

  @TempDir private static Path streams;

  private static Ring ring;
  private static Dataset own;

  @BeforeAll
  static void open() throws Exception {
    Dataset train = Datasets.open(MNIST, Split.TRAIN).subset(IntStream.range(0, 200).toArray());
    Dataset test = Datasets.open(MNIST, Split.TEST).subset(IntStream.range(0, 50).toArray());
    ring = new Ring(train, test, streams);
    own = train.subset(IntStream.iterate(0, i -> i < train.size(), i -> i + 10).toArray());
  }

  @AfterAll
  static void close() throws Exception {
    ring.close();
  }

  private static RunLog finished(String policy, int rounds, Double density) throws Exception {
    TrainingRun.Builder run =
        TestRuns.small(
            policy + "-uploads", rounds, new Participation(1, 1, TestRuns.NO_DEADLINE, null));
    run.getPruning().setPolicy(policy);
    run.getPruning().setTargetDensity(density);
    run.getPruning().setReconfigureEvery(1);
    run.getEncoding().setImportance(TensorEncoding.FLOAT32);
    run.getPruning().setDecisions(MaskPolicy.named(policy).schedule(run.build()));
    RunDefinition definition = ring.define(run.build());
    ring.startAgent(definition, AGENT);
    return ring.finish(definition);
  }

  private static float[] uploaded(RunLog log, int round) {
    float[] vector = new float[log.run().layout().size()];
    int next = 0;
    List<UpdateShard> shards =
        log.updates.stream()
            .map(RunLog.At::value)
            .filter(s -> s.getKind() == ShardKind.IMPORTANCE && s.getRound() == round)
            .sorted(Comparator.comparingInt(UpdateShard::getShard))
            .toList();
    for (UpdateShard shard : shards) {
      LogTensors.encoding(shard.getEncoding())
          .decode(shard.getValues(), vector, next, shard.getValueCount());
      next += shard.getValueCount();
    }
    assertThat(next).isEqualTo(vector.length);
    return vector;
  }

  /** A round's local training, and what it makes of its gradients. */
  private record Trained(RunModel start, LocalUpdate update, float[] gradient) {}

  private static Trained train(RunLog log, int round) {
    RunDefinition run = log.run();
    LocalTraining training = run.run().getTraining();
    RunModel start = RunModel.after(round - 1, ring.cluster(), ring.serdes(), run).orElseThrow();
    assertThat(start.round()).isEqualTo(round - 1);
    float[] gradient = new float[run.layout().size()];
    try (LocalTrainer trainer =
        new LocalTrainer(run.architecture(), run.loss(), training.getBatchSize())) {
      LocalUpdate update =
          trainer.train(
              own,
              samples(run, round),
              training.getLocalSteps(),
              start.parameters(),
              start.mask(),
              run.learningRate(round),
              new RoundGradients(RoundGradients.Form.MEAN_GRADIENT, gradient));
      return new Trained(start, update, gradient);
    }
  }

  private static int[] samples(RunDefinition run, int round) {
    LocalTraining training = run.run().getTraining();
    return new BatchSequence(own.size(), run.run().getSeed(), AGENT)
        .indices(round, training.getLocalSteps(), training.getBatchSize());
  }

  @Test
  void fedTinysAgentsUploadTheGradientOfTheRound() throws Exception {
    RunLog log = finished("fedtiny", 9, 0.3);
    int round = 2;
    assertThat(uploaded(log, round)).isEqualTo(train(log, round).gradient());
  }

  @Test
  void fedRtssAgentsUploadTheirVotesTimesTheirSamples() throws Exception {
    RunLog log = finished("fedrts", 9, 0.3);
    int round = 2;
    Trained trained = train(log, round);
    float[] after = trained.start().parameters().clone();
    trained.start().mask().scatterAdd(trained.update().activeDelta(), after);
    double fraction = ThompsonSampling.adjustedFraction(round, log.run().decisions().last());
    float[] votes = Votes.of(trained.start().mask(), after, trained.gradient(), fraction);
    float[] uploaded = uploaded(log, round);
    int positive = 0;
    for (int i = 0; i < votes.length; i++) {
      assertThat(uploaded[i]).isEqualTo(votes[i] * trained.update().samples());
      positive += uploaded[i] > 0 ? 1 : 0;
    }
    // One vote for every active weight of the next mask, less those that no pruned weight with a
    // gradient was found for.
    int kept = trained.start().mask().kept();
    assertThat(positive).isBetween((int) ((1 - fraction) * kept), kept);
  }

  @Test
  void theLossesOfThreeModelsAreThoseOfTheRoundsFirstSamples() throws Exception {
    RunLog log = finished("online", 9, null);
    RunDefinition run = log.run();
    int round = 6;
    UpdateSubmitted submission =
        log.submissions.stream().filter(s -> s.getRound() == round).findFirst().orElseThrow();
    ProbeLosses probe = submission.getProbe();
    RunModel before = RunModel.after(round - 2, ring.cluster(), ring.serdes(), run).orElseThrow();
    RunModel now = RunModel.after(round - 1, ring.cluster(), ring.serdes(), run).orElseThrow();
    double density = log.masks.get(now.maskVersion()).getProbeDensity();
    Dataset tried = own.subset(Arrays.copyOf(samples(run, round), probe.getSamples()));
    try (Evaluator evaluator = new Evaluator(run.architecture(), run.loss())) {
      assertThat(probe.getSamples()).isEqualTo(5);
      assertThat(probe.getPrevious())
          .isCloseTo(
              evaluator.evaluate(before.parameters(), before.mask(), tried).meanLoss(),
              within(1e-6));
      assertThat(probe.getCurrent())
          .isCloseTo(
              evaluator.evaluate(now.parameters(), now.mask(), tried).meanLoss(), within(1e-6));
      assertThat(probe.getSmaller())
          .isCloseTo(
              evaluator
                  .evaluate(
                      now.parameters(),
                      MagnitudePruning.toDensity(run.layout(), now.parameters(), density),
                      tried)
                  .meanLoss(),
              within(1e-6));
    }
    assertThat(log.submissions.getFirst().getProbe()).isNull();
  }
}
