package io.coppice.learning.training;

/**
 * What an agent's local training came to.
 *
 * @param activeDelta parameters after training minus the model, for the active parameters in layout order
 * @param meanLoss training loss, mean over the steps; not finite if training diverged
 * @param samples samples processed, with repetitions
 */
@SuppressWarnings("ArrayRecordComponent") // the vector of a model: handed over, never compared
public record LocalUpdate(float[] activeDelta, double meanLoss, long samples) {}
