package io.coppice.pruning;

import io.coppice.schemas.TrainingRun;

/** What several policies ask of a definition. */
final class PolicyChecks {

  private PolicyChecks() {}

  /**
   * The density that the policy works towards.
   *
   * @return in (0, 1)
   * @throws IllegalArgumentException if there is none, or it is out of range
   */
  static double targetDensity(MaskPolicy policy, TrainingRun run) {
    Double density = run.getPruning().getTargetDensity();
    if (density == null || !(density > 0 && density < 1)) {
      throw new IllegalArgumentException(
          String.format(
              "Policy %s needs a target density above 0 and below 1, not %s.",
              policy.name(), density == null ? "none" : density));
    }
    return density;
  }

  /**
   * Refuses a stage before round 0 that would change the mask which the policy starts from.
   *
   * @throws IllegalArgumentException if there is one
   */
  static void noInitialPruning(MaskPolicy policy, TrainingRun run) {
    if (run.getInitialPruning() != null) {
      throw new IllegalArgumentException(
          "Policy "
              + policy.name()
              + " lays down the mask of round 0 itself, so the run takes no initial pruning.");
    }
  }

  /**
   * Refuses what would make the run start from anything but the full mask.
   *
   * @throws IllegalArgumentException if there is such a thing
   */
  static void fullMask(MaskPolicy policy, TrainingRun run) {
    noInitialPruning(policy, run);
    if (run.getStart() != null) {
      throw new IllegalArgumentException(
          "Policy "
              + policy.name()
              + " starts from every weight, so the run takes no mask of another run.");
    }
  }
}
