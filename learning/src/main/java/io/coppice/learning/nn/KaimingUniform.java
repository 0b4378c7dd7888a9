package io.coppice.learning.nn;

/**
 * The distribution of a layer's initial weights: uniform in (-b, b) with {@code b = sqrt(6 / ((1 + a^2) x fan))} (He et al.,
 * "Delving Deep into Rectifiers", 2015). Biases are uniform in (-1/sqrt(fan in), 1/sqrt(fan in)) whatever the weights are.
 *
 * @param slopeSquared a^2, the square of the assumed negative slope of the activation, at least 0
 * @param fan whether inputs or outputs are counted
 */
public record KaimingUniform(double slopeSquared, Fan fan) {

  /** What scales the weights. */
  public enum Fan {
    /** The number of values that one output is computed from. */
    IN,
    /** The number of outputs. */
    OUT
  }

  /** a = sqrt(5) over the inputs, b = 1/sqrt(fan in): the usual default of a layer. */
  public static final KaimingUniform DEFAULT = new KaimingUniform(5, Fan.IN);

  /** The bound b of the weights of a layer. */
  double bound(int fanIn, int fanOut) {
    return Math.sqrt(6 / ((1 + slopeSquared) * (fan == Fan.IN ? fanIn : fanOut)));
  }
}
