package io.coppice.console.predict;

import io.coppice.learning.data.Dataset;
import io.coppice.learning.training.Predictor;
import java.util.Arrays;
import java.util.function.DoubleConsumer;

/**
 * Lets a dense and a pruned predictor compute the same batches in turns, so that whatever else the machine does meets both alike.
 *
 * <p>Time is wall-clock time of a batch, from its images to its logits, on one thread: what a user waits for. Every image is
 * computed once; if that makes few batches, they are computed again for the sake of the times alone.
 */
final class SideBySide {

  /**
   * How long to measure.
   *
   * @param warmUpSeconds before anything is timed, for the just-in-time compiler
   * @param batches timed batches to reach
   * @param mostSeconds bound on the time for batches beyond the first pass over the images
   */
  record Effort(double warmUpSeconds, int batches, double mostSeconds) {
    static final Effort USUAL = new Effort(1.5, 200, 4);
  }

  private final Dataset data;
  private final Predictor dense;
  private final Predictor pruned;
  private final int batch;
  private final Effort effort;
  private final DoubleConsumer progress;

  private final Answers denseAnswers;
  private final Answers prunedAnswers;
  private long[] denseNanos = new long[1024];
  private long[] prunedNanos = new long[1024];
  private int timed;
  private int turns;
  private float largestDifference;

  /**
   * @param data at least a batch of images
   * @param dense the model, of the same batch as {@code pruned}
   * @param progress told the fraction of images that is done
   */
  SideBySide(
      Dataset data, Predictor dense, Predictor pruned, Effort effort, DoubleConsumer progress) {
    this.data = data;
    this.dense = dense;
    this.pruned = pruned;
    this.batch = dense.batch();
    this.effort = effort;
    this.progress = progress;
    this.denseAnswers = new Answers(data);
    this.prunedAnswers = new Answers(data);
    if (pruned.batch() != batch || data.size() < batch) {
      throw new IllegalArgumentException(
          String.format(
              "Batches of %d and %d cannot be compared on %d images.",
              batch, pruned.batch(), data.size()));
    }
  }

  /** Measures; once. */
  Comparison run() {
    warmUp();
    for (int from = 0; from < data.size(); from += batch) {
      int count = Math.min(batch, data.size() - from);
      takeTurns(from, count, count == batch);
      denseAnswers.take(dense, from, count);
      prunedAnswers.take(pruned, from, count);
      compareLogits(count);
      progress.accept((double) (from + count) / data.size());
    }
    long end = System.nanoTime() + (long) (effort.mostSeconds() * 1e9);
    for (int from = 0; timed < effort.batches() && System.nanoTime() < end; from = next(from)) {
      takeTurns(from, batch, true);
    }
    return new Comparison(
        batch,
        new Comparison.Side(denseAnswers, new Latencies(Arrays.copyOf(denseNanos, timed))),
        new Comparison.Side(prunedAnswers, new Latencies(Arrays.copyOf(prunedNanos, timed))),
        largestDifference);
  }

  private void warmUp() {
    long end = System.nanoTime() + (long) (effort.warmUpSeconds() * 1e9);
    int from = 0;
    do {
      takeTurns(from, batch, false);
      from = next(from);
    } while (System.nanoTime() < end);
  }

  /** Where the next full batch begins. */
  private int next(int from) {
    return from + 2 * batch > data.size() ? 0 : from + batch;
  }

  /** The one that comes second finds its images in the cache no more than the other: each is first every other time. */
  private void takeTurns(int from, int count, boolean time) {
    dense.read(data, from, count);
    pruned.read(data, from, count);
    boolean denseFirst = turns++ % 2 == 0;
    long first = nanos(denseFirst ? dense : pruned);
    long second = nanos(denseFirst ? pruned : dense);
    if (!time) {
      return;
    }
    if (timed == denseNanos.length) {
      denseNanos = Arrays.copyOf(denseNanos, 2 * timed);
      prunedNanos = Arrays.copyOf(prunedNanos, 2 * timed);
    }
    denseNanos[timed] = denseFirst ? first : second;
    prunedNanos[timed++] = denseFirst ? second : first;
  }

  private static long nanos(Predictor predictor) {
    long start = System.nanoTime();
    predictor.compute();
    return System.nanoTime() - start;
  }

  private void compareLogits(int count) {
    for (int i = 0; i < count; i++) {
      for (int c = 0; c < dense.classes(); c++) {
        float difference = Math.abs(dense.logit(i, c) - pruned.logit(i, c));
        largestDifference = Math.max(largestDifference, difference);
      }
    }
  }
}
