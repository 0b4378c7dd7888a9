package io.coppice.pruning;

import io.coppice.learning.model.Mask;
import io.coppice.learning.pruning.CostModel;
import io.coppice.learning.pruning.MaskDecision;
import io.coppice.replay.RunDefinition;
import java.util.List;
import java.util.Optional;

/** A way to change the mask during a run. Pure: the same input gives the same mask, for whoever replays the log. */
public interface MaskPolicy {

  /** All policies by name. */
  List<MaskPolicy> ALL = List.of(new Conventional(), new PruneFl());

  /** The policy's name in a run definition. */
  String name();

  /**
   * Decides the mask after a round that asked for importance.
   *
   * @param cost what a round costs
   * @param round the round
   * @param mask the mask that was in force
   * @param parameters the model after the round's aggregate, all parameters in layout order
   * @param importance summed importance, all parameters in layout order
   * @return the decision; empty if the policy never changes the mask
   */
  Optional<Decision> decide(
      RunDefinition run,
      CostModel cost,
      int round,
      Mask mask,
      float[] parameters,
      float[] importance);

  /**
   * A decision.
   *
   * @param decrease fraction of each layer's active weights that was offered for removal
   * @param result the new mask and its figures
   */
  record Decision(double decrease, MaskDecision.Result result) {}

  /**
   * Finds a policy.
   *
   * @throws IllegalArgumentException naming the known ones
   */
  static MaskPolicy named(String name) {
    return ALL.stream()
        .filter(policy -> policy.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "Unknown pruning policy '"
                        + name
                        + "': known are "
                        + String.join(", ", ALL.stream().map(MaskPolicy::name).toList())
                        + "."));
  }
}
