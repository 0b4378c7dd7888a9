package io.coppice.learning.engine;

import io.coppice.learning.model.Mask;

/** A layer of a {@link Network}, bound to the feature maps that it reads and writes. */
abstract class Layer implements AutoCloseable {

  private final FeatureMaps in;
  private final FeatureMaps out;
  private FeatureMaps outGradient;
  private FeatureMaps inGradient;

  Layer(FeatureMaps in, FeatureMaps out) {
    this.in = in;
    this.out = out;
  }

  final FeatureMaps in() {
    return in;
  }

  final FeatureMaps out() {
    return out;
  }

  /** The gradient by the output. */
  final FeatureMaps outGradient() {
    return outGradient;
  }

  /** Takes the gradient by the input; null if nothing before this layer learns. */
  final FeatureMaps inGradient() {
    return inGradient;
  }

  /**
   * The form in which the layer wants the gradient by its output.
   *
   * @param following the form in which its output is wanted
   */
  Form gradientForm(Form following) {
    return following.tight() ? Form.TIGHT : Form.ROUNDED;
  }

  /** Prepares for training. */
  void connect(FeatureMaps byOutput, FeatureMaps byInput) {
    this.outGradient = byOutput;
    this.inGradient = byInput;
  }

  /**
   * Computes the output from the input.
   *
   * @param training whether a step of training follows, in which layers may behave differently
   */
  abstract void forward(boolean training);

  /** Computes the gradient by the input from that by the output, if it is wanted, and does what the step asks for. */
  abstract void backward(TrainingStep step);

  /** Takes the parameters of a model under a mask; only the steps of SGD change them until the next call. */
  void load(float[] parameters, Mask mask) {}

  /** Writes the layer's parameters to their places; pruned ones are left out. */
  void store(float[] parameters) {}

  /**
   * Writes by how much the layer's active parameters differ from a model's, in layout order.
   *
   * @param active takes the differences from index {@code at} on
   * @return the index behind the last one
   */
  int delta(float[] model, float[] active, int at) {
    return at;
  }

  /** Forgets the gradients summed up so far, as after a round that was broken off. */
  void forgetGradients() {}

  /** Adds the gradients summed up so far, and forgets them. */
  void addGradients(GradientTarget target) {}

  @Override
  public void close() {}
}
