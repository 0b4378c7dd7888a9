package io.coppice.learning.engine;

import io.coppice.learning.nn.Shape;
import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A convolution by ND4J's conv2d, which computes sample by sample: the maps are turned around before and after it. */
final class DenseConvolution extends DenseComputation {

  private static final long NCHW = 0;
  private static final long WEIGHTS_OUT_IN_Y_X = 1;

  private final Layer layer;
  private final NativeArray in;
  private final NativeArray out;
  private final NativeArray bias;
  private final NativeOp convolution;
  private final float[] buffer;

  /** All of these are null in a network that only infers. */
  private final NativeArray inGradient;

  private final NativeArray biasGradient;
  private final NativeOp gradients;

  DenseConvolution(Layer layer, Window window, boolean training) {
    super(
        new DenseWeights(
            training, window.outputs(), window.inputs(), window.kernel(), window.kernel()));
    this.layer = layer;
    Shape inShape = layer.in().shape();
    Shape outShape = layer.out().shape();
    int samples = layer.in().samples();
    this.in = maps(inShape, samples);
    this.out = maps(outShape, samples);
    this.bias = NativeArray.zeros(window.outputs());
    this.buffer = new float[Math.max(in.size(), out.size())];
    // kernel, stride, padding, dilation (height and width each), explicit padding, layouts
    long[] arguments = {
      window.kernel(),
      window.kernel(),
      window.stride(),
      window.stride(),
      window.padding(),
      window.padding(),
      1,
      1,
      0,
      NCHW,
      WEIGHTS_OUT_IN_Y_X
    };
    INDArray weightArray = weights().values().array();
    this.convolution =
        new NativeOp(
            "conv2d",
            List.of(in.array(), weightArray, bias.array()),
            List.of(out.array()),
            arguments);
    if (training) {
      // conv2d_bp computes the gradient by the input whether it is wanted or not.
      this.inGradient = maps(inShape, samples);
      this.biasGradient = NativeArray.zeros(window.outputs());
      this.gradients =
          new NativeOp(
              "conv2d_bp",
              List.of(in.array(), weightArray, bias.array(), out.array()),
              List.of(inGradient.array(), weights().gradient().array(), biasGradient.array()),
              arguments);
    } else {
      this.inGradient = null;
      this.biasGradient = null;
      this.gradients = null;
    }
  }

  private static NativeArray maps(Shape shape, int samples) {
    return NativeArray.zeros(samples, shape.channels(), shape.height(), shape.width());
  }

  @Override
  public void forward(float[] values) {
    bias.write(values, 0, 0, values.length);
    layer.in().exportSamples(buffer);
    in.write(buffer, 0, 0, in.size());
    convolution.run();
    out.read(0, buffer, 0, out.size());
    layer.out().importSamples(buffer);
  }

  /** The output is not needed any more, so its gradient takes its place. */
  @Override
  public void backward(TrainingStep step, int offset) {
    layer.outGradient().exportSamples(buffer);
    out.write(buffer, 0, 0, out.size());
    gradients.run();
    if (layer.inGradient() != null) {
      inGradient.read(0, buffer, 0, inGradient.size());
      layer.inGradient().importSamples(buffer);
    }
    weights().step(step, offset);
  }

  @Override
  public void forgetGradients() {
    weights().forgetGradients();
  }

  @Override
  public void addGradients(GradientTarget target, int offset) {
    weights().addGradients(target, offset);
  }

  @Override
  public void close() {
    weights().close();
    in.close();
    out.close();
    bias.close();
    if (inGradient != null) {
      inGradient.close();
      biasGradient.close();
    }
  }
}
