package io.coppice.learning.training;

import io.coppice.learning.data.Dataset;
import io.coppice.learning.nn.Architecture;
import io.coppice.learning.nn.Loss;
import io.coppice.learning.nn.ReferenceNetwork;

/** Local training in double precision, word for word as the algorithm's description has it. */
final class ReferenceTrainer {

  /** Parameters in use after the last step, and the sum of all steps' gradients. */
  @SuppressWarnings("ArrayRecordComponent")
  record Outcome(double[] parameters, double[] gradientSum) {}

  private ReferenceTrainer() {}

  static Outcome train(
      Architecture architecture,
      Loss loss,
      Dataset data,
      int[] indices,
      int steps,
      float[] model,
      float[] factors,
      double learningRate) {
    int batch = indices.length / steps;
    double[] w = new double[model.length];
    for (int i = 0; i < w.length; i++) {
      w[i] = model[i] * factors[i];
    }
    double[] sum = new double[w.length];
    for (int s = 0; s < steps; s++) {
      double[] images = new double[batch * data.imageSize()];
      int[] labels = new int[batch];
      float[] image = new float[data.imageSize()];
      for (int b = 0; b < batch; b++) {
        data.copyImage(indices[s * batch + b], image, 0);
        for (int k = 0; k < image.length; k++) {
          images[b * image.length + k] = image[k];
        }
        labels[b] = data.label(indices[s * batch + b]);
      }
      ReferenceNetwork network = new ReferenceNetwork(architecture.stack(), w);
      double[] exact = network.forward(images);
      float[] logits = new float[exact.length];
      for (int k = 0; k < logits.length; k++) {
        logits[k] = (float) exact[k];
      }
      float[] rounded = new float[logits.length];
      loss.gradient(logits, labels, batch, architecture.classes(), rounded);
      double[] logitGradient = new double[rounded.length];
      for (int k = 0; k < rounded.length; k++) {
        logitGradient[k] = rounded[k];
      }
      double[] gradient = network.backward(logitGradient);
      double[] current = network.parameters();
      for (int i = 0; i < w.length; i++) {
        sum[i] += gradient[i];
        w[i] = (current[i] - learningRate * gradient[i]) * factors[i];
      }
    }
    return new Outcome(w, sum);
  }
}
