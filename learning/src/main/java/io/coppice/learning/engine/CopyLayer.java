package io.coppice.learning.engine;

/** The same maps in another form, between two layers of which neither can write what the other wants. */
final class CopyLayer extends Layer {

  CopyLayer(FeatureMaps in, FeatureMaps out) {
    super(in, out);
  }

  @Override
  void forward(boolean training) {
    out().copyFrom(in());
  }

  @Override
  void backward(TrainingStep step) {
    if (inGradient() != null) {
      inGradient().copyFrom(outGradient());
    }
  }
}
