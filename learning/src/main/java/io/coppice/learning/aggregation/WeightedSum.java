package io.coppice.learning.aggregation;

/**
 * A sum of vectors in double. The order of additions is the caller's and is part of the result: added in the same order, the
 * same vectors give the same bits on every machine.
 */
public final class WeightedSum {

  private final double[] sum;

  /**
   * @param values length of the vectors
   */
  public WeightedSum(int values) {
    sum = new double[values];
  }

  /** Length of the vectors. */
  public int size() {
    return sum.length;
  }

  /**
   * Adds {@code weight} x {@code values}.
   *
   * @param values the first {@link #size} values are used; the product is exact for weights below 2^29
   */
  public void add(float[] values, long weight) {
    double factor = weight;
    for (int i = 0; i < sum.length; i++) {
      sum[i] += factor * values[i];
    }
  }

  /** The sum divided by {@code divisor}, each value rounded once to float. */
  public float[] dividedBy(long divisor) {
    float[] mean = new float[sum.length];
    for (int i = 0; i < sum.length; i++) {
      mean[i] = (float) (sum[i] / divisor);
    }
    return mean;
  }
}
