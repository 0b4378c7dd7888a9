package io.coppice.learning.engine;

/**
 * What a backward pass does with the gradients of the active parameters.
 *
 * @param learningRate every active parameter moves by minus this times its gradient; 0 to leave it
 * @param gradient takes the gradients by the active parameters in layout order, pruned ones are left out; null if nobody wants
 *     them
 * @param sumAll whether the gradients of all parameters, active or not, are summed for {@link Network#addGradients}
 */
@SuppressWarnings("ArrayRecordComponent") // a place to write to, never compared
record TrainingStep(float learningRate, float[] gradient, boolean sumAll) {}
