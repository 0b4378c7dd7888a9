package io.coppice.learning.training;

/**
 * How well a model does on a data set.
 *
 * @param accuracy fraction of images classified correctly, in [0, 1]
 * @param meanLoss loss, mean over the images
 * @param samples number of images
 */
public record Evaluation(double accuracy, double meanLoss, long samples) {}
