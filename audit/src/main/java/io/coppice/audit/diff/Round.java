package io.coppice.audit.diff;

import io.coppice.learning.model.Mask;
import io.coppice.schemas.RoundClosed;

/**
 * A round as the log has it.
 *
 * @param mask in force in it
 * @param deltas the blocks of what was added to the model: active values
 * @param uploads the blocks of what was uploaded for the mask decision: all parameters; none where nothing was
 */
@SuppressWarnings("ArrayRecordComponent") // the vectors of a model: handed over, never compared
record Round(RoundClosed closed, Mask mask, float[][] deltas, float[][] uploads) {

  int number() {
    return closed.getRound();
  }
}
