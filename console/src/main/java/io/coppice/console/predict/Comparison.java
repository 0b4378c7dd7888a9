package io.coppice.console.predict;

/**
 * One model computed in two ways on the same images, in batches of one size.
 *
 * @param batch images of a batch
 * @param dense every layer by ND4J, the pruned weights as zeros
 * @param pruned by the active weights, where that is faster
 * @param largestLogitDifference between the two, over all images and classes
 */
record Comparison(int batch, Side dense, Side pruned, double largestLogitDifference) {

  /**
   * One of the two ways.
   *
   * @param answers on every image, once
   * @param latencies wall-clock times of full batches
   */
  record Side(Answers answers, Latencies latencies) {}

  /** How many times faster the pruned way is, by the medians. */
  double speedUp() {
    return dense.latencies().percentile(50) / pruned.latencies().percentile(50);
  }

  /** Images of a second, one batch after the other. */
  double imagesPerSecond(Side side) {
    return batch * 1000 / side.latencies().mean();
  }

  /** Number of images whose predicted class differs. */
  int differing() {
    return pruned.answers().differing(dense.answers());
  }
}
