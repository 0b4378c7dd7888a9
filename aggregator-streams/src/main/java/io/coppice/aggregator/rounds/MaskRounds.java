package io.coppice.aggregator.rounds;

import io.coppice.learning.pruning.DecisionRounds;
import io.coppice.learning.pruning.ReconfigurationSchedule;
import io.coppice.schemas.DecisionSchedule;
import io.coppice.schemas.DecisionUpload;
import io.coppice.schemas.TrainingRun;

/**
 * After which rounds a run waits for a new mask, and whether agents upload something for its decision. Which policy decides, and
 * how, is not the coordinator's concern.
 *
 * @param decisions after which rounds the policy decides
 * @param uploads whether updates of these rounds carry more than deltas
 */
record MaskRounds(DecisionRounds decisions, boolean uploads) {

  private static final String CONVENTIONAL = "none";
  private static final int INITIAL_PRUNING = -1;

  static MaskRounds of(TrainingRun run) {
    DecisionSchedule schedule = run.getPruning().getDecisions();
    if (schedule != null) {
      return new MaskRounds(
          new DecisionRounds(schedule.getFirst(), schedule.getEvery(), schedule.getLast()),
          schedule.getUpload() != DecisionUpload.NOTHING);
    }
    if (run.getPruning().getPolicy().equals(CONVENTIONAL)) {
      return new MaskRounds(DecisionRounds.NONE, false);
    }
    return new MaskRounds(
        ReconfigurationSchedule.adaptive(
            run.getEvaluation().getEvery(),
            run.getPruning().getReconfigureEvery(),
            run.getRounds() - 1),
        true);
  }

  boolean newMaskAfter(int round) {
    return round == INITIAL_PRUNING || decisions.contains(round);
  }

  boolean askForUpload(int round) {
    return uploads && decisions.contains(round);
  }
}
