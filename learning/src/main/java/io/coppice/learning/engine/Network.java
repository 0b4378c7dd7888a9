package io.coppice.learning.engine;

import io.coppice.learning.kernels.Kernels;
import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.nn.LayerStack;
import java.util.List;
import java.util.stream.Stream;

/**
 * A network for one batch size, computed with: each layer by its active weights where they are few, and by ND4J where they are
 * many ({@link KernelPolicy}). Between the layers the batch lies as {@code [channel][row][column][sample]}.
 *
 * <p>One thread at a time; networks side by side do not disturb each other. Memory outside the heap is freed by {@link #close}.
 */
public final class Network implements AutoCloseable {

  /**
   * How one layer is computed.
   *
   * @param layer its name
   * @param density fraction of its weights that is active
   * @param sparse whether by its active weights; otherwise by ND4J
   */
  public record LayerChoice(String layer, double density, boolean sparse) {}

  /** Samples over which the gradients of all parameters can be summed, at most. */
  public static final int MAX_GRADIENT_SAMPLES = LinearGradients.MAX_SAMPLES;

  private final LayerStack stack;
  private final int batch;
  private final LayerChain layers;
  private final boolean training;
  private Mask mask;

  private Network(
      LayerStack stack, int batch, KernelPolicy policy, Kernels kernels, boolean training) {
    if (batch < 1) {
      throw new IllegalArgumentException("A batch holds at least 1 sample, not " + batch + ".");
    }
    this.stack = stack;
    this.batch = batch;
    this.training = training;
    this.layers = new ChainBuilder(kernels, policy, stack.layout(), batch, training).build(stack);
    if (training) {
      layers.connect(null);
    }
  }

  /** A network with gradients. */
  public static Network forTraining(LayerStack stack, int batch, KernelPolicy policy) {
    return new Network(stack, batch, policy, Kernels.best(), true);
  }

  /** A network without gradients, in half the memory. */
  public static Network forInference(LayerStack stack, int batch, KernelPolicy policy) {
    return new Network(stack, batch, policy, Kernels.best(), false);
  }

  /** A network on given kernels, for the tests. */
  static Network on(
      Kernels kernels, LayerStack stack, int batch, KernelPolicy policy, boolean training) {
    return new Network(stack, batch, policy, kernels, training);
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
   * Takes a model's active parameters, and forgets what has been summed for {@link #addGradients}.
   *
   * @param parameters one value a parameter, in layout order; pruned ones are not looked at
   * @throws IllegalArgumentException if parameters or mask belong to another model
   */
  public void load(float[] parameters, Mask wanted) {
    if (parameters.length != layout().size()) {
      throw new IllegalArgumentException(
          String.format(
              "The network has %d parameters, not %d.", layout().size(), parameters.length));
    }
    if (!wanted.layout().equals(layout())) {
      throw new IllegalArgumentException("The mask belongs to another model than the network's.");
    }
    layers.forgetGradients();
    layers.load(parameters, wanted);
    mask = wanted;
  }

  /** Writes the active parameters to their places in layout order; pruned ones are left as they are. */
  public void store(float[] parameters) {
    layers.store(parameters);
  }

  /**
   * By how much the active parameters differ from a model's.
   *
   * @param model in layout order
   * @return one value an active parameter, in layout order, as {@link Mask#gather} has them
   */
  public float[] activeDelta(float[] model) {
    float[] active = new float[mask.activeParameters()];
    layers.delta(model, active, 0);
    return active;
  }

  /** How the prunable layers are computed under the mask in use, in layout order. */
  public List<LayerChoice> choices() {
    return layers
        .weighted()
        .filter(layer -> layer.weight().prunable())
        .map(
            layer ->
                new LayerChoice(
                    layer.weight().layer(), layer.density(mask), layer.computation().isSparse()))
        .toList();
  }

  /** The layers with a weight, in the order of the parameters. */
  Stream<WeightedLayer> weighted() {
    return layers.weighted();
  }

  /**
   * Computes the logits of a batch that is trained on next: batch normalisation uses the batch's own statistics.
   *
   * @param images {@code [batch, channels, height, width]}, row-major
   * @param logits takes {@code [batch, outputs]}, row-major
   */
  public void forward(float[] images, float[] logits) {
    compute(images, logits, training);
  }

  /** As {@link #forward}, for a batch that is not trained on: batch normalisation uses the running statistics. */
  public void infer(float[] images, float[] logits) {
    compute(images, logits, false);
  }

  private void compute(float[] images, float[] logits, boolean inTraining) {
    layers.in().importSamples(images);
    layers.forward(inTraining);
    layers.out().exportSamples(logits);
  }

  /**
   * Trains a step of plain SGD on the batch of the last {@link #forward}.
   *
   * @param logitGradient the loss's gradient by the logits, {@code [batch, outputs]}, row-major
   * @param learningRate step size
   * @param sumAll whether the gradients of all parameters, active or not, are summed for {@link #addGradients}
   * @throws IllegalStateException if they would be summed over more than {@link #MAX_GRADIENT_SAMPLES} samples
   */
  public void train(float[] logitGradient, float learningRate, boolean sumAll) {
    backward(logitGradient, new TrainingStep(learningRate, null, sumAll));
  }

  /**
   * Trains a step of plain SGD and tells the gradients.
   *
   * @param logitGradient the loss's gradient by the logits, {@code [batch, outputs]}, row-major
   * @param learningRate step size; 0 to leave the parameters as they are
   * @param gradient takes the gradients by the active parameters, in layout order; those by pruned ones are left as they are or
   *     set to 0
   */
  public void train(float[] logitGradient, float learningRate, float[] gradient) {
    backward(logitGradient, new TrainingStep(learningRate, gradient, false));
  }

  private void backward(float[] logitGradient, TrainingStep step) {
    requireTraining();
    layers.outGradient().importSamples(logitGradient);
    layers.backward(step);
  }

  private void requireTraining() {
    if (!training) {
      throw new IllegalStateException("This network only infers.");
    }
  }

  /**
   * Adds the gradients since the last call or {@link #load}: of every parameter, active or not, its gradient summed over the steps
   * that asked for it, in one of two forms, times a factor. The network keeps nothing of it.
   *
   * @param values in layout order, are added to; those of running statistics stay as they are
   * @param form the sum with its sign, or its square: the importance of PruneFL
   * @param factor what the sum or its square is multiplied by
   */
  public void addGradients(float[] values, GradientForm form, float factor) {
    requireTraining();
    layers.addGradients(new GradientTarget(values, form, factor));
  }

  @Override
  public void close() {
    layers.close();
  }
}
