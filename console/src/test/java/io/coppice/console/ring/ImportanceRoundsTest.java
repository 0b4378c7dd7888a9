package io.coppice.console.ring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.console.ring.RunLog.At;
import io.coppice.learning.data.BatchSequence;
import io.coppice.learning.data.Dataset;
import io.coppice.learning.data.Datasets;
import io.coppice.learning.data.Split;
import io.coppice.learning.model.Mask;
import io.coppice.learning.nn.InitialParameters;
import io.coppice.learning.training.LocalTrainer;
import io.coppice.learning.training.LocalUpdate;
import io.coppice.learning.training.RoundGradients;
import io.coppice.replay.LogTensors;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.ImportanceRounds;
import io.coppice.schemas.LocalTraining;
import io.coppice.schemas.Participation;
import io.coppice.schemas.PruningPolicy;
import io.coppice.schemas.ShardKind;
import io.coppice.schemas.TrainingRun;
import io.coppice.schemas.UpdateShard;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A lone agent's upload holds the importance of the rounds that the run says; each is trained again here to compare. */
class ImportanceRoundsTest {

  private static final Path MNIST = Path.of("..", "data", "mnist");
  private static final String AGENT = "agent-0";

  /** The first round that asks for importance; those before it are trained with the full mask. */
  private static final int UPLOAD = TestRuns.RECONFIGURE_EVERY;

  @TempDir private Path streams;

  @Test
  void anUploadIsOfAllRoundsSinceTheLastOneOrOfItsOwnAlone() throws Exception {
    Dataset train = Datasets.open(MNIST, Split.TRAIN).subset(IntStream.range(0, 100).toArray());
    Dataset test = Datasets.open(MNIST, Split.TEST).subset(IntStream.range(0, 50).toArray());
    try (Ring ring = new Ring(train, test, streams)) {
      RunLog everyRound = finished(ring, "every-round", ImportanceRounds.EVERY_ROUND);
      RunLog lastRound = finished(ring, "last-round", ImportanceRounds.LAST_ROUND);
      Dataset own =
          train.subset(IntStream.iterate(0, i -> i < train.size(), i -> i + 10).toArray());

      assertThat(uploaded(everyRound)).isEqualTo(expected(everyRound.run(), own, 0));
      assertThat(uploaded(lastRound)).isEqualTo(expected(lastRound.run(), own, UPLOAD));
      assertThat(uploaded(lastRound)).isNotEqualTo(uploaded(everyRound));
      Proof.holdsFor(everyRound);
      Proof.holdsFor(lastRound);
    }
  }

  private static RunLog finished(Ring ring, String id, ImportanceRounds importance)
      throws InterruptedException {
    TrainingRun.Builder run =
        TestRuns.prunefl(id, UPLOAD + 1, new Participation(1, 1, TestRuns.NO_DEADLINE, null));
    run.setPruning(PruningPolicy.newBuilder(run.getPruning()).setImportance(importance).build());
    RunDefinition definition = ring.define(run.build());
    ring.startAgent(definition, AGENT);
    return ring.finish(definition);
  }

  private static List<ByteBuffer> uploaded(RunLog log) {
    return log.updates.stream()
        .map(At::value)
        .filter(shard -> shard.getKind() == ShardKind.IMPORTANCE && shard.getRound() == UPLOAD)
        .sorted(java.util.Comparator.comparingInt(UpdateShard::getShard))
        .map(UpdateShard::getValues)
        .toList();
  }

  /** The importance of the rounds from one to the upload, encoded as the agent does. */
  private static List<ByteBuffer> expected(RunDefinition run, Dataset data, int firstRound) {
    LocalTraining training = run.run().getTraining();
    int steps = training.getLocalSteps();
    Mask full = Mask.full(run.layout());
    float[] model = InitialParameters.of(run.architecture(), run.run().getSeed());
    float[] importance = new float[model.length];
    RoundGradients gathered = new RoundGradients(RoundGradients.Form.IMPORTANCE, importance);
    BatchSequence batches = new BatchSequence(data.size(), run.run().getSeed(), AGENT);
    try (LocalTrainer trainer =
        new LocalTrainer(run.architecture(), run.loss(), training.getBatchSize())) {
      for (int round = 0; round <= UPLOAD; round++) {
        LocalUpdate update =
            trainer.train(
                data,
                batches.indices(round, steps, training.getBatchSize()),
                steps,
                model,
                full,
                run.learningRate(round),
                round >= firstRound ? gathered : null);
        full.scatterAdd(update.activeDelta(), model);
      }
    }
    return IntStream.range(0, run.shards().count(importance.length))
        .mapToObj(
            s ->
                LogTensors.encoding(run.run().getEncoding().getImportance())
                    .encode(
                        importance,
                        run.shards().from(s),
                        run.shards().length(importance.length, s)))
        .toList();
  }
}
