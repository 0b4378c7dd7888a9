package io.coppice.learning.nn;

import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.model.ParameterTensor;
import io.coppice.learning.nn.DenseLayer.Parameters;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A network in dense mathematics (ND4J) for one batch size. All parameters lie in one flat array in layout order, and so do
 * their gradients; the layers work on views of them. Everything is allocated once, outside the heap, and freed by
 * {@link #close}. One thread at a time; networks side by side do not disturb each other.
 */
public final class Network implements AutoCloseable {

  /** Values of a block of {@link #update}: two blocks of floats fit into the smallest first-level caches. */
  private static final int BLOCK = 2048;

  /** What is done with the parameters, block by block, once their gradients are known. */
  @FunctionalInterface
  public interface ParameterUpdate {

    /**
     * Updates a block.
     *
     * @param offset index of the block's first parameter in layout order
     * @param length parameters in the block
     * @param parameters the block's parameters, from index 0; changed in place
     * @param gradient the block's gradients, from index 0
     */
    void apply(int offset, int length, float[] parameters, float[] gradient);
  }

  private final LayerStack stack;
  private final int batch;
  private final List<NativeArray> allocated = new ArrayList<>();
  private final List<DenseLayer> layers = new ArrayList<>();
  private final NativeArray parameters;
  private final NativeArray input;
  private final NativeArray output;
  private final float[] parameterBlock = new float[BLOCK];

  /** Null in a network that only infers. */
  private final NativeArray gradients;

  private final NativeArray outputGradient;
  private final float[] gradientBlock;

  private Network(LayerStack stack, int batch, boolean training) {
    if (batch < 1) {
      throw new IllegalArgumentException("A batch holds at least 1 sample, not " + batch + ".");
    }
    Nd4jRuntime.start();
    this.stack = stack;
    this.batch = batch;
    this.parameters = keep(NativeArray.zeros(stack.layout().size()));
    Shape shape = stack.input();
    this.input = keep(NativeArray.zeros(batch, shape.channels(), shape.height(), shape.width()));
    this.output = NativeArray.over(connectForward());
    if (training) {
      this.gradients = keep(NativeArray.zeros(stack.layout().size()));
      this.outputGradient = keep(NativeArray.zeros(batch, stack.output().size()));
      this.gradientBlock = new float[BLOCK];
      connectBackward();
    } else {
      this.gradients = null;
      this.outputGradient = null;
      this.gradientBlock = null;
    }
  }

  /** Builds the layers; returns the logits. */
  private INDArray connectForward() {
    Iterator<Parameters> views = views(parameters).iterator();
    INDArray current = input.array();
    for (int i = 0; i < stack.layers().size(); i++) {
      DenseLayer layer =
          switch (stack.layers().get(i)) {
            case LayerSpec.Convolution spec when spec.stride() == 1 && spec.bias() ->
                new DenseLayer.Convolution(
                    spec, stack.output(i), current, views.next(), this::allocate);
            case LayerSpec.Linear spec ->
                new DenseLayer.Linear(spec, current, views.next(), this::allocate);
            case LayerSpec.Relu spec -> new DenseLayer.Relu(current);
            case LayerSpec.MaxPool spec when spec.stride() == spec.size() && spec.padding() == 0 ->
                new DenseLayer.MaxPool(spec, stack.output(i), current, this::allocate);
            case LayerSpec.Flatten spec -> new DenseLayer.Flatten(current);
            default ->
                throw new UnsupportedOperationException(
                    "There is no dense computation of " + stack.layers().get(i) + ".");
          };
      layers.add(layer);
      current = layer.output();
    }
    return current;
  }

  private void connectBackward() {
    List<Parameters> views = views(gradients);
    int next = views.size();
    INDArray current = outputGradient.array();
    for (int i = layers.size() - 1; next > 0; i--) {
      boolean learns = stack.layers().get(i) instanceof LayerSpec.Parameterised;
      Parameters layerGradients = learns ? views.get(--next) : null;
      current = layers.get(i).connectBackward(current, layerGradients, next > 0, this::allocate);
    }
  }

  /** The parts of a flat array that belong to the layers that learn, in order. */
  private List<Parameters> views(NativeArray flat) {
    List<Parameters> views = new ArrayList<>();
    for (ParameterTensor weight : layout().prunable()) {
      views.add(new Parameters(view(flat, weight), view(flat, layout().biasOf(weight))));
    }
    return views;
  }

  private static INDArray view(NativeArray flat, ParameterTensor tensor) {
    long[] shape = tensor.shape().stream().mapToLong(Integer::longValue).toArray();
    return flat.view(tensor.offset(), tensor.size(), shape);
  }

  private INDArray allocate(long... shape) {
    return keep(NativeArray.zeros(shape)).array();
  }

  private NativeArray keep(NativeArray array) {
    allocated.add(array);
    return array;
  }

  /** A network with gradients. */
  public static Network forTraining(LayerStack stack, int batch) {
    return new Network(stack, batch, true);
  }

  /** A network without gradients, in half the memory. */
  public static Network forInference(LayerStack stack, int batch) {
    return new Network(stack, batch, false);
  }

  public ParameterLayout layout() {
    return stack.layout();
  }

  /** Samples in a batch. */
  public int batch() {
    return batch;
  }

  /** Number of logits of a sample. */
  public int outputs() {
    return stack.output().size();
  }

  /**
   * Takes the parameters {@code values x factors}.
   *
   * @param values one value a parameter, in layout order
   * @param factors a mask's factors, in layout order
   */
  public void load(float[] values, float[] factors) {
    int size = layout().size();
    for (int from = 0; from < size; from += BLOCK) {
      int length = Math.min(BLOCK, size - from);
      for (int i = 0; i < length; i++) {
        parameterBlock[i] = values[from + i] * factors[from + i];
      }
      parameters.write(parameterBlock, from, length);
    }
  }

  /** Copies the parameters to {@code target}, in layout order. */
  public void store(float[] target) {
    parameters.read(0, target, layout().size());
  }

  /**
   * Computes the logits of a batch.
   *
   * @param images {@code [batch, channels, height, width]}, row-major
   * @param logits takes {@code [batch, outputs]}, row-major
   */
  public void forward(float[] images, float[] logits) {
    input.write(images, 0, batch * stack.input().size());
    layers.forEach(DenseLayer::forward);
    output.read(0, logits, batch * outputs());
  }

  /**
   * Computes the gradients of all parameters for the batch of the last {@link #forward}.
   *
   * @param logitGradient the loss's gradient by the logits, {@code [batch, outputs]}, row-major
   */
  public void backward(float[] logitGradient) {
    outputGradient.write(logitGradient, 0, batch * outputs());
    for (int i = layers.size() - 1; i >= 0; i--) {
      layers.get(i).backward();
    }
  }

  /** Changes all parameters, in layout order; needs the gradients of {@link #backward}. */
  public void update(ParameterUpdate update) {
    int size = layout().size();
    for (int from = 0; from < size; from += BLOCK) {
      int length = Math.min(BLOCK, size - from);
      parameters.read(from, parameterBlock, length);
      gradients.read(from, gradientBlock, length);
      update.apply(from, length, parameterBlock, gradientBlock);
      parameters.write(parameterBlock, from, length);
    }
  }

  @Override
  public void close() {
    allocated.forEach(NativeArray::close);
    allocated.clear();
  }
}
