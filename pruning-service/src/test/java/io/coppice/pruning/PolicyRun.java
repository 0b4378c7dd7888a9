package io.coppice.pruning;

import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.pruning.CostModel;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.Architecture;
import io.coppice.schemas.CostCoefficients;
import io.coppice.schemas.Encodings;
import io.coppice.schemas.Evaluation;
import io.coppice.schemas.EvaluationMode;
import io.coppice.schemas.ImportanceRounds;
import io.coppice.schemas.LocalTraining;
import io.coppice.schemas.Loss;
import io.coppice.schemas.Participation;
import io.coppice.schemas.PruningPolicy;
import io.coppice.schemas.Regrow;
import io.coppice.schemas.TensorEncoding;
import io.coppice.schemas.TrainingRun;
import io.coppice.schemas.TrustedRecords;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** Definitions and rounds for policies, over layouts so small that a test can work out the masks by hand. */
final class PolicyRun {

  static {
    TrustedRecords.register();
  }

  private PolicyRun() {}

  /** 1000 rounds, evaluated every 10, reconfigured every 50, learning rate 0.5; still without schedule. */
  static TrainingRun.Builder definition(String policy, Double targetDensity) {
    return TrainingRun.newBuilder()
        .setRunId("run")
        .setCreatedAt(Instant.EPOCH)
        .setSeed(7)
        .setArchitecture(new Architecture("mlp", List.of(1, 8, 8), 3))
        .setLoss(Loss.SOFTMAX_CROSS_ENTROPY)
        .setTraining(new LocalTraining(5, 20, 0.5, 1.0))
        .setRounds(1000)
        .setParticipation(new Participation(1, 1, 1000L, null))
        .setPruning(
            PruningPolicy.newBuilder()
                .setPolicy(policy)
                .setReconfigureEvery(50)
                .setMaxDecrease(0.3)
                .setHalfLife(1e4)
                .setRegrow(Regrow.LAST_VALUE)
                .setImportance(ImportanceRounds.EVERY_ROUND)
                .setTargetDensity(targetDensity)
                .build())
        .setEvaluation(new Evaluation(10, EvaluationMode.CENTRAL))
        .setCost(new CostCoefficients("paper", 1.0, 1.0, List.of(1.0, 1.0, 1.0), null))
        .setEncoding(
            new Encodings(TensorEncoding.FLOAT32, TensorEncoding.FLOAT32, TensorEncoding.FLOAT32));
  }

  /** The definition with the schedule of its policy, of a model of this layout. */
  static RunDefinition scheduled(TrainingRun.Builder definition, ParameterLayout layout) {
    TrainingRun draft = definition.build();
    MaskPolicy policy = MaskPolicy.named(draft.getPruning().getPolicy());
    policy.check(draft);
    draft.getPruning().setDecisions(policy.schedule(draft));
    return of(draft, layout);
  }

  static RunDefinition of(TrainingRun run, ParameterLayout layout) {
    return new RunDefinition(run, 0, RunDefinition.of(run, 0).architecture(), layout);
  }

  static ParameterLayout layout(int... weights) {
    ParameterLayout.Builder layout = ParameterLayout.builder();
    for (int l = 0; l < weights.length; l++) {
      layout.weight("w" + l, List.of(1, weights[l]));
    }
    return layout.build();
  }

  /** A round in which every sample has cost 5 ms a weight, and 1 s altogether. */
  static RoundOutcome round(
      RunDefinition run,
      int round,
      Mask mask,
      float[] parameters,
      float[] upload,
      RoundOutcome.Probe probe) {
    double[] seconds = new double[run.layout().prunable().size()];
    java.util.Arrays.fill(seconds, 0.004);
    return new RoundOutcome(
        run,
        new CostModel("test", 1, 0.001, seconds),
        round,
        mask,
        100,
        parameters,
        new float[parameters.length],
        parameters,
        upload,
        Optional.ofNullable(probe));
  }
}
