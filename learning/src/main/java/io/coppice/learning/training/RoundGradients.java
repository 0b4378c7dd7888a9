package io.coppice.learning.training;

import io.coppice.learning.engine.GradientForm;
import io.coppice.learning.engine.Network;

/**
 * What an agent learns in a round about all parameters, pruned ones included: a mask decision is made from the sum of this over
 * the agents. A pruned weight is zero in use, yet the loss has a gradient by it.
 *
 * @param form what is added
 * @param values one value a parameter, in layout order; is added to. Running statistics have no gradient: theirs stay as they are
 */
@SuppressWarnings("ArrayRecordComponent") // the vector of a model: handed over, never compared
public record RoundGradients(Form form, float[] values) {

  /** What a round of T steps on batches of B samples, with the mean gradients g(1) ... g(T) of its batches, adds. */
  public enum Form {

    /** {@code T x B x (g(1) + ... + g(T))^2}: the importance of PruneFL, as its authors' code weights it. */
    IMPORTANCE,

    /**
     * {@code B x (g(1) + ... + g(T))}: the samples processed times the mean of the steps' gradients, so that the sum over agents,
     * divided by the sum of their samples, is the mean gradient of the federation.
     */
    MEAN_GRADIENT
  }

  /** Takes over what a network has summed in a round of {@code steps} steps. */
  void add(Network network, int steps) {
    switch (form) {
      case IMPORTANCE ->
          network.addGradients(
              values, GradientForm.SQUARED_SUM, (float) ((long) steps * network.batch()));
      case MEAN_GRADIENT -> network.addGradients(values, GradientForm.SUM, network.batch());
    }
  }
}
