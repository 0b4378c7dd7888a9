package io.coppice.console.federation;

import io.coppice.schemas.InitialPruning;

/** What a run is like where its user says nothing else, be it by options or in a run definition file. */
public final class RunDefaults {

  public static final String POLICY = RunSettings.PRUNEFL;
  public static final int ROUNDS = 150;
  public static final int AGENTS = 10;
  public static final int DEADLINE_SECONDS = 60;
  public static final String MODEL = "lenet5";
  public static final String LOSS = "softmax";
  public static final int LOCAL_STEPS = 5;
  public static final int BATCH = 20;
  public static final double LEARNING_RATE = 0.1;
  public static final double LEARNING_RATE_DECAY = 1;
  public static final int EVALUATE_EVERY = 5;
  public static final String ENCODING = "float32";
  public static final int INITIAL_PRUNING_ROUNDS = 200;
  public static final int RECONFIGURE_EVERY = 25;
  public static final String REGROW = "last-value";
  public static final String IMPORTANCE = "every-round";
  public static final String COST = "paper";
  public static final String SIGNATURES = "required";

  /** PruneFL's published settings (reference section 11). */
  public static final double MAX_DECREASE = 0.3;

  public static final double HALF_LIFE = 10_000;

  private static final double THRESHOLD_FACTOR = 1.5;
  private static final int INITIAL_BATCHES = 10;
  private static final double STABLE_TOLERANCE = 0.1;
  private static final int STABLE_DECISIONS = 5;
  private static final long INITIAL_DEADLINE_MILLIS = 3600_000;

  private RunDefaults() {}

  /** Updates without which a round does not close: half of those asked, rounded up. */
  public static int quorum(int asked) {
    return asked / 2 + asked % 2;
  }

  /** Initial pruning as the authors of PruneFL do it. */
  public static InitialPruning initialPruning(
      int batch, int classes, int maxRounds, int evaluateEvery, int decideEvery) {
    return InitialPruning.newBuilder()
        .setSamples(batch * Math.min(INITIAL_BATCHES, Integer.MAX_VALUE / batch))
        .setMaxRounds(maxRounds)
        .setEvaluateEvery(evaluateEvery)
        .setDecideEvery(decideEvery)
        .setStartAccuracy(Math.min(1, THRESHOLD_FACTOR / classes))
        .setStableTolerance(STABLE_TOLERANCE)
        .setStableDecisions(STABLE_DECISIONS)
        .setDeadlineMillis(INITIAL_DEADLINE_MILLIS)
        .build();
  }
}
