package io.coppice.replay;

import io.coppice.learning.model.Mask;
import io.coppice.schemas.ProbeLosses;
import io.coppice.schemas.RoundClosed;
import java.util.List;

/**
 * A round whose aggregate a {@link ModelFold} has just added. What goes beyond the first two is there where the fold was asked for
 * it ({@link FoldDetail}), and null or empty elsewhere. Vectors have one value a parameter, in layout order, and are not to be
 * changed.
 *
 * @param closed the round as the ledger has it
 * @param mask the mask that was in force in it
 * @param before the model that it started from; pruned parameters with their last value
 * @param delta what was added; 0 for pruned parameters
 * @param upload what agents have uploaded for the mask decision that follows, summed; null also where they have nothing to upload
 * @param probes the losses that contributors have reported, in the order of their agents
 */
@SuppressWarnings("ArrayRecordComponent") // the vectors of a model: handed over, never compared
public record FoldedRound(
    RoundClosed closed,
    Mask mask,
    float[] before,
    float[] delta,
    float[] upload,
    List<ProbeLosses> probes) {

  /** The round's number. */
  public int round() {
    return closed.getRound();
  }
}
