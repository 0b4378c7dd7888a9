package io.coppice.learning.nn;

/** A training loss over logits and class labels. */
public enum Loss {

  /** Binary cross-entropy of every logit against a one-hot target, mean over batch and classes. */
  BCE_WITH_LOGITS {
    @Override
    double sample(float[] logits, int offset, int classes, int label) {
      double sum = 0;
      for (int c = 0; c < classes; c++) {
        double z = logits[offset + c];
        sum += Math.max(z, 0) - (c == label ? z : 0) + Math.log1p(Math.exp(-Math.abs(z)));
      }
      return sum / classes;
    }

    @Override
    public double probability(float[] logits, int offset, int classes, int label) {
      return 1 / (1 + Math.exp(-logits[offset + label]));
    }

    @Override
    void sampleGradient(
        float[] logits, int offset, int classes, int label, double weight, float[] gradient) {
      for (int c = 0; c < classes; c++) {
        double probability = probability(logits, offset, classes, c);
        gradient[offset + c] = (float) ((probability - (c == label ? 1 : 0)) * weight / classes);
      }
    }
  },

  /** Cross-entropy of the softmax of the logits, mean over the batch. */
  SOFTMAX_CROSS_ENTROPY {
    @Override
    double sample(float[] logits, int offset, int classes, int label) {
      return logSumExp(logits, offset, classes) - logits[offset + label];
    }

    @Override
    public double probability(float[] logits, int offset, int classes, int label) {
      return Math.exp(-sample(logits, offset, classes, label));
    }

    @Override
    void sampleGradient(
        float[] logits, int offset, int classes, int label, double weight, float[] gradient) {
      double logSum = logSumExp(logits, offset, classes);
      for (int c = 0; c < classes; c++) {
        double probability = Math.exp(logits[offset + c] - logSum);
        gradient[offset + c] = (float) ((probability - (c == label ? 1 : 0)) * weight);
      }
    }

    private double logSumExp(float[] logits, int offset, int classes) {
      double max = Double.NEGATIVE_INFINITY;
      for (int c = 0; c < classes; c++) {
        max = Math.max(max, logits[offset + c]);
      }
      double sum = 0;
      for (int c = 0; c < classes; c++) {
        sum += Math.exp(logits[offset + c] - max);
      }
      return max + Math.log(sum);
    }
  };

  /**
   * The loss summed over samples; divided by their number it is the mean loss.
   *
   * @param logits {@code [samples, classes]}, row-major; samples behind the last label are left out
   * @param labels one class a sample
   */
  public double sum(float[] logits, int[] labels, int samples, int classes) {
    double sum = 0;
    for (int i = 0; i < samples; i++) {
      sum += sample(logits, i * classes, classes, labels[i]);
    }
    return sum;
  }

  /**
   * The gradient of the mean loss.
   *
   * @param logits {@code [samples, classes]}, row-major
   * @param labels one class a sample
   * @param gradient takes the gradient, in the shape of the logits
   */
  public void gradient(float[] logits, int[] labels, int samples, int classes, float[] gradient) {
    for (int i = 0; i < samples; i++) {
      sampleGradient(logits, i * classes, classes, labels[i], 1.0 / samples, gradient);
    }
  }

  /**
   * The probability of a class that a model trained by this loss tells: by the softmax of the sample's logits, or, where every
   * class is a question of its own, by the sigmoid of its logit.
   *
   * @param logits of several samples, row-major
   * @param offset index of the sample's first logit
   * @param label the class
   * @return in [0, 1]
   */
  public abstract double probability(float[] logits, int offset, int classes, int label);

  abstract double sample(float[] logits, int offset, int classes, int label);

  abstract void sampleGradient(
      float[] logits, int offset, int classes, int label, double weight, float[] gradient);
}
