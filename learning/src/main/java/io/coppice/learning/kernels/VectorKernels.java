package io.coppice.learning.kernels;

import jdk.incubator.vector.FloatVector;

/** Kernels on the Vector API (JEP 508), in the widest vectors that the processor prefers. */
final class VectorKernels implements Kernels {

  @Override
  public String description() {
    return "Vector API, vectors of " + vectorBits() + " bits";
  }

  @Override
  public int vectorBits() {
    return FloatVector.SPECIES_PREFERRED.vectorBitSize();
  }

  @Override
  public void correlate(
      Taps taps, float[] bias, float[] in, int inOrigin, float[] out, int outOrigin, Sweep sweep) {
    VectorConvolution.correlate(taps, bias, in, inOrigin, out, outOrigin, sweep);
  }

  @Override
  public void correlateGradient(
      Taps taps,
      float[] in,
      int inOrigin,
      float[] outGradient,
      int outOrigin,
      Sweep sweep,
      float[] gradient) {
    VectorConvolution.correlateGradient(
        taps, in, inOrigin, outGradient, outOrigin, sweep, gradient);
  }

  @Override
  public void patchGradient(
      int[] positions,
      float[] values,
      int from,
      int count,
      AlignedFloats patches,
      int rowPitch,
      int rows,
      int rowLength,
      float[] gradient,
      int origin) {
    VectorPatches.gradient(
        positions, values, from, count, patches, rowPitch, rows, rowLength, gradient, origin);
  }

  @Override
  public void multiply(SparseMatrix matrix, float[] bias, float[] x, float[] y, int batch) {
    VectorLinear.multiply(matrix, bias, x, y, batch);
  }

  @Override
  public void backward(
      SparseMatrix matrix,
      float[] x,
      float[] yGradient,
      float[] xGradient,
      int batch,
      float learningRate) {
    VectorLinear.backward(matrix, x, yGradient, xGradient, batch, learningRate);
  }

  @Override
  public void multiplyGradient(
      SparseMatrix matrix, float[] x, float[] yGradient, int batch, float[] gradient) {
    VectorLinear.gradient(matrix, x, yGradient, batch, gradient);
  }

  @Override
  public void multiplyTransposed(
      SparseMatrix matrix, float[] yGradient, float[] xGradient, int batch) {
    VectorLinear.multiplyTransposed(matrix, yGradient, xGradient, batch);
  }

  @Override
  public void addGradients(
      char[] samples,
      float[] values,
      int from,
      int to,
      AlignedFloats inputs,
      int width,
      boolean squared,
      float factor,
      float[] target,
      int origin,
      int length) {
    VectorLinear.addGradients(
        samples, values, from, to, inputs, width, squared, factor, target, origin, length);
  }

  @Override
  public float sum(float[] values, int from, int length) {
    return VectorActivations.sum(values, from, length);
  }

  @Override
  public void relu(float[] in, int p, float[] out, int o, int length) {
    VectorActivations.relu(in, p, out, o, length);
  }

  @Override
  public void reluGradient(
      float[] out, int o, float[] outGradient, int p, float[] inGradient, int g, int length) {
    VectorActivations.reluGradient(out, o, outGradient, p, inGradient, g, length);
  }

  @Override
  public void maxPool2(
      float[] in,
      int upper,
      int lower,
      float[] out,
      int o,
      int pixels,
      int batch,
      boolean rectified) {
    VectorActivations.maxPool2(in, upper, lower, out, o, pixels, batch, rectified);
  }

  @Override
  public void maxPool2Gradient(
      float[] in,
      int upper,
      int lower,
      float[] out,
      int o,
      float[] outGradient,
      int p,
      float[] inGradient,
      int gradientUpper,
      int gradientLower,
      int pixels,
      int batch,
      boolean rectified) {
    VectorActivations.maxPool2Gradient(
        in,
        upper,
        lower,
        out,
        o,
        outGradient,
        p,
        inGradient,
        gradientUpper,
        gradientLower,
        pixels,
        batch,
        rectified);
  }
}
