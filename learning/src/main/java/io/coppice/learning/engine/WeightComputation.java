package io.coppice.learning.engine;

import java.util.BitSet;

/** One way to compute with a layer's weight. The arrays of parameters that it is given are in layout order. */
interface WeightComputation extends AutoCloseable {

  /** Whether the time grows with the number of active weights. */
  boolean isSparse();

  /**
   * Sets which weights are active.
   *
   * @param active in row-major order; null: all
   */
  void prune(BitSet active);

  /** Takes the values of the active weights; those of the others do not matter. */
  void load(float[] parameters, int offset);

  /** Writes the active weights' values to their places. */
  void store(float[] parameters, int offset);

  /** As {@link Layer#delta}, for the weight. */
  int delta(float[] model, int offset, float[] active, int at);

  void forward(float[] bias);

  /** Everything of {@link Layer#backward} but the bias. */
  void backward(TrainingStep step, int offset);

  /** As {@link Layer#forgetGradients}, for the weight. */
  void forgetGradients();

  /** As {@link Layer#addGradients}, for the weight. */
  void addGradients(GradientTarget target, int offset);

  @Override
  void close();
}
