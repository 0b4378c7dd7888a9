package io.coppice.learning.engine;

import io.coppice.learning.nn.Shape;

/**
 * How feature maps lie in memory.
 *
 * @param tight whether the rows follow one another without a gap
 * @param margin rows and columns of zeros around every map, 0 in tight maps
 * @param rowPitch least number of floats from a row to the next; 0 for what margin and slack need
 */
record Form(boolean tight, int margin, int rowPitch) {

  /** No margin, and room behind every row for whole vectors: what a convolution writes. */
  static final Form ROUNDED = new Form(false, 0, 0);

  /** Without gaps: what a linear layer reads and writes. */
  static final Form TIGHT = new Form(true, 0, 0);

  /** A margin around every map: what a convolution reads. */
  static Form padded(int margin) {
    return new Form(false, margin, 0);
  }

  /** The same with rows as far from each other as those of other maps, which lets a convolution take several at once. */
  Form inStepWith(FeatureMaps maps) {
    return tight ? this : new Form(false, margin, maps.rowPitch());
  }

  /** The form of a gradient whose maps themselves have a form. */
  static Form of(FeatureMaps maps) {
    return maps.isTight() ? TIGHT : ROUNDED;
  }

  /** Whether a layer that wants its input in this form can read these maps. */
  boolean isServedBy(FeatureMaps maps) {
    return tight ? maps.isTight() : maps.isRounded() && maps.margin() >= margin;
  }

  /** A form that serves the readers of both, as far as there is one: tight maps have no margin. */
  Form with(Form other) {
    return tight ? this : other.tight ? other : padded(Math.max(margin, other.margin));
  }

  FeatureMaps create(Shape shape, int samples) {
    return tight
        ? FeatureMaps.tight(shape, samples)
        : FeatureMaps.padded(shape, samples, margin, rowPitch);
  }
}
