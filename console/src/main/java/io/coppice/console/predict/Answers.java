package io.coppice.console.predict;

import io.coppice.learning.data.Dataset;
import io.coppice.learning.training.Predictor;

/** What a model tells of every image of a data set. */
final class Answers {

  private final Dataset data;
  private final int[] predicted;
  private final double[] probabilities;

  Answers(Dataset data) {
    this.data = data;
    this.predicted = new int[data.size()];
    this.probabilities = new double[data.size()];
  }

  /** Takes the answers of a batch that was computed. */
  void take(Predictor predictor, int from, int count) {
    for (int i = 0; i < count; i++) {
      predicted[from + i] = predictor.predicted(i);
      probabilities[from + i] = predictor.probability(i, predicted[from + i]);
    }
  }

  /** Number of images. */
  int size() {
    return predicted.length;
  }

  /** The class that an image belongs to. */
  int label(int image) {
    return data.label(image);
  }

  /** The class that the model predicts. */
  int predicted(int image) {
    return predicted[image];
  }

  /** Probability of the predicted class, in [0, 1]. */
  double probability(int image) {
    return probabilities[image];
  }

  /** Fraction of images whose predicted class is theirs, in [0, 1]. */
  double accuracy() {
    int correct = 0;
    for (int i = 0; i < predicted.length; i++) {
      correct += predicted[i] == data.label(i) ? 1 : 0;
    }
    return (double) correct / predicted.length;
  }

  /** Number of images whose predicted class is another than that of {@code other}. */
  int differing(Answers other) {
    int differing = 0;
    for (int i = 0; i < predicted.length; i++) {
      differing += predicted[i] == other.predicted[i] ? 0 : 1;
    }
    return differing;
  }
}
