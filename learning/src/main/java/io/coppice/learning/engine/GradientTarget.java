package io.coppice.learning.engine;

/**
 * Where the gradients of all parameters go when a round's steps have been summed.
 *
 * @param values in layout order, are added to
 * @param form what is added of a parameter's sum
 * @param factor what that is multiplied by
 */
@SuppressWarnings("ArrayRecordComponent") // a place to write to, never compared
record GradientTarget(float[] values, GradientForm form, float factor) {

  boolean squared() {
    return form == GradientForm.SQUARED_SUM;
  }

  /** Adds one parameter's sum. */
  void add(int index, float sum) {
    values[index] += (squared() ? sum * sum : sum) * factor;
  }

  /** Adds the sums of parameters that lie side by side from {@code offset} on. */
  void add(int offset, float[] sums) {
    for (int i = 0; i < sums.length; i++) {
      add(offset + i, sums[i]);
    }
  }
}
