package io.coppice.learning.engine;

import java.util.List;

/**
 * A linear layer by ND4J's matrix products.
 *
 * <p>A step of SGD is one product with the gradient's factors scaled by the learning rate, added to the weights: the gradient
 * itself, as large as the weights, is never written.
 */
final class DenseLinear extends DenseComputation {

  private final Layer layer;
  private final LinearGradients allGradients;
  private final NativeArray x;
  private final NativeArray y;
  private final NativeOp product;

  /** All of these are null in a network that only infers. */
  private final NativeArray yGradient;

  private final NativeArray scaledGradient;
  private final NativeArray xGradient;
  private final NativeOp inputGradient;
  private final NativeOp weightGradient;
  private final NativeOp weightStep;
  private final float[] scaled;

  DenseLinear(Layer layer, LinearGradients allGradients) {
    super(
        new DenseWeights(
            allGradients != null, layer.out().shape().channels(), layer.in().shape().channels()));
    this.layer = layer;
    this.allGradients = allGradients;
    boolean training = allGradients != null;
    int rows = layer.out().shape().channels();
    int columns = layer.in().shape().channels();
    int batch = layer.in().batch();
    this.x = NativeArray.zeros(columns, batch);
    this.y = NativeArray.zeros(rows, batch);
    this.product =
        new NativeOp(
            "matmul", List.of(weights().values().array(), x.array()), List.of(y.array()), 0, 0);
    this.yGradient = training ? NativeArray.zeros(rows, batch) : null;
    this.scaledGradient = training ? NativeArray.zeros(rows, batch) : null;
    this.scaled = training ? new float[rows * batch] : null;
    this.weightGradient =
        training
            ? new NativeOp(
                "matmul",
                List.of(yGradient.array(), x.array()),
                List.of(weights().gradient().array()),
                0,
                1)
            : null;
    this.weightStep =
        training
            ? new NativeOp(
                "matmul",
                List.of(scaledGradient.array(), x.array()),
                List.of(weights().values().array()),
                new double[] {1, 1},
                0,
                1)
            : null;
    boolean needsInputGradient = layer.inGradient() != null;
    this.xGradient = needsInputGradient ? NativeArray.zeros(columns, batch) : null;
    this.inputGradient =
        needsInputGradient
            ? new NativeOp(
                "matmul",
                List.of(weights().values().array(), yGradient.array()),
                List.of(xGradient.array()),
                1,
                0)
            : null;
  }

  @Override
  public void forward(float[] bias) {
    x.write(layer.in().values(), 0, 0, x.size());
    product.run();
    float[] out = layer.out().values();
    y.read(0, out, 0, y.size());
    int batch = layer.out().batch();
    for (int row = 0; row < bias.length; row++) {
      for (int n = 0; n < batch; n++) {
        out[row * batch + n] += bias[row];
      }
    }
  }

  @Override
  public void backward(TrainingStep step, int offset) {
    float[] by = layer.outGradient().values();
    if (step.sumAll()) {
      allGradients.record(layer.in(), layer.outGradient());
    }
    yGradient.write(by, 0, 0, yGradient.size());
    if (inputGradient != null) {
      inputGradient.run();
      xGradient.read(0, layer.inGradient().values(), 0, xGradient.size());
    }
    if (step.gradient() != null) {
      weightGradient.run();
      weights().step(new TrainingStep(step.learningRate(), step.gradient(), false), offset);
      return;
    }
    for (int i = 0; i < scaled.length; i++) {
      scaled[i] = -step.learningRate() * by[i];
    }
    scaledGradient.write(scaled, 0, 0, scaled.length);
    weightStep.run();
    weights().mask();
  }

  @Override
  public void forgetGradients() {
    if (allGradients != null) {
      allGradients.forget();
    }
  }

  @Override
  public void addGradients(GradientTarget target, int offset) {
    allGradients.addTo(target, offset);
  }

  @Override
  public void close() {
    weights().close();
    x.close();
    y.close();
    for (NativeArray array : new NativeArray[] {yGradient, scaledGradient, xGradient}) {
      if (array != null) {
        array.close();
      }
    }
  }
}
