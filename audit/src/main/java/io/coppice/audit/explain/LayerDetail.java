package io.coppice.audit.explain;

import java.util.List;

/**
 * One layer by its output units: the rows of a linear layer's matrix, the output channels of a convolution.
 *
 * @param name as in the architecture
 * @param shape of the weight tensor, output units first
 * @param weightsPerUnit weights that lead to one unit
 * @param measure name of the {@link Measure} by which weights are compared: what agents upload for the policy, or else the magnitude;
 *     null where no decision follows the round or the log does not lead to the model
 * @param units every output unit, in order
 * @param died units that had active weights and have none after the decision
 * @param revived units that had none and have some after the decision
 * @param removed removed weights of the largest measure, the largest first
 * @param regrown regrown weights of the largest measure, the largest first
 */
public record LayerDetail(
    String name,
    List<Integer> shape,
    int weightsPerUnit,
    String measure,
    List<Unit> units,
    List<Integer> died,
    List<Integer> revived,
    List<Weight> removed,
    List<Weight> regrown) {

  /**
   * An output unit.
   *
   * @param unit its index, from 0
   * @param before its active weights in the round
   * @param after its active weights after the decision; null where there is none
   * @param sum of the measure over all its weights, active or not; null where there is no measure
   */
  public record Unit(int unit, int before, Integer after, Double sum) {}

  /**
   * A weight.
   *
   * @param index row-major in the weight tensor
   * @param at its place in the tensor, one number a dimension
   * @param value of the model after the round
   * @param measure its measure
   * @param seconds that it costs a round while it is active
   * @param perSecond measure / seconds
   */
  public record Weight(
      int index, List<Integer> at, float value, double measure, double seconds, double perSecond) {}
}
