package io.coppice.console.progress;

import io.coppice.schemas.RoundEvaluated;
import java.util.List;
import java.util.Optional;

/**
 * What is known of a closed round.
 *
 * @param round from 0; -1 is initial pruning
 * @param contributors admitted updates
 * @param rejected rejected updates
 * @param evaluated the evaluation after it; empty if it was not evaluated, or not yet
 * @param density of the mask that is in force after it
 * @param layerDensities of that mask, one a prunable layer in layout order, in [0, 1]
 * @param activeParameters under that mask
 * @param bytesUp bytes of records that all agents sent for it
 * @param bytesDown bytes of records that all agents read for it
 * @param seconds from the close of the round before, or where there is none from its opening, to its own close
 * @param estimatedSeconds by the cost model in force now, under the mask that is in force after it
 * @param trainSeconds mean seconds of local training of its agents
 */
public record RoundProgress(
    int round,
    int contributors,
    int rejected,
    Optional<RoundEvaluated> evaluated,
    double density,
    List<Double> layerDensities,
    int activeParameters,
    long bytesUp,
    long bytesDown,
    double seconds,
    double estimatedSeconds,
    double trainSeconds) {}
