package io.coppice.learning.engine;

/** What is made of a parameter's gradient, summed over the steps of a round. */
public enum GradientForm {
  /** The sum itself, with its sign. */
  SUM,
  /** The square of the sum. */
  SQUARED_SUM
}
