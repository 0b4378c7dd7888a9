package io.coppice.console.bench;

import io.coppice.learning.data.Dataset;
import io.coppice.learning.data.Datasets;
import io.coppice.learning.data.Split;
import io.coppice.learning.model.Mask;
import io.coppice.learning.nn.Architecture;
import io.coppice.learning.nn.InitialParameters;
import io.coppice.learning.nn.Loss;
import io.coppice.learning.random.SplitMix64;
import io.coppice.learning.training.LocalTrainer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeMap;

/**
 * A network at work: its task, its images, and parameters that have seen some training, so that activations and gradients are
 * of the size that they have in a run.
 */
public final class BenchModel {

  private static final int BLOBS = 500;
  private static final int TRAINING_STEPS = 20;
  private static final int TRAINING_BATCH = 20;
  private static final long SEED = 0;

  /**
   * The tasks of the PruneFL experiments, or MNIST's for networks that are not in them. ResNet-18 gets smaller images than there:
   * with theirs, of 168 x 168 pixels, a step of a batch takes many seconds.
   */
  private static final TreeMap<String, Task> TASKS = new TreeMap<>();

  static {
    TASKS.put("conv2", new Task(1, 28, 28, 62, Loss.BCE_WITH_LOGITS, 0.05));
    TASKS.put("conv4", new Task(3, 84, 84, 2, Loss.SOFTMAX_CROSS_ENTROPY, 0.01));
    TASKS.put("dscnn", new Task(1, 28, 28, 10, Loss.SOFTMAX_CROSS_ENTROPY, 0.1));
    TASKS.put("lenet5", new Task(1, 28, 28, 10, Loss.SOFTMAX_CROSS_ENTROPY, 0.1));
    TASKS.put("mlp", new Task(1, 28, 28, 10, Loss.SOFTMAX_CROSS_ENTROPY, 0.1));
    TASKS.put("resnet18", new Task(3, 64, 64, 100, Loss.SOFTMAX_CROSS_ENTROPY, 0.1));
    TASKS.put("vgg11", new Task(3, 32, 32, 10, Loss.BCE_WITH_LOGITS, 0.1));
  }

  private record Task(
      int channels, int height, int width, int classes, Loss loss, double learningRate) {

    Architecture architecture(String network) {
      return Architecture.of(network, channels, height, width, classes);
    }
  }

  private final Architecture architecture;
  private final Task task;
  private final Dataset data;
  private final String dataName;
  private final int[] order;
  private final float[] parameters;

  private BenchModel(String network, Task task, Dataset mnist) {
    this.architecture = task.architecture(network);
    this.task = task;
    if (mnist == null || !fits(mnist, task)) {
      Dataset.Shape shape = new Dataset.Shape(task.channels, task.height, task.width, task.classes);
      this.data = Blobs.images(shape, BLOBS, SEED);
      this.dataName = "synthetic blobs";
    } else {
      this.data = mnist;
      this.dataName = "MNIST";
    }
    this.order = new SplitMix64(SEED).permutation(data.size());
    this.parameters = trained();
  }

  private static boolean fits(Dataset data, Task task) {
    return data.channels() == task.channels
        && data.height() == task.height
        && data.width() == task.width
        && data.classes() <= task.classes;
  }

  /** The networks that there is a task for. */
  public static Set<String> networks() {
    return TASKS.keySet();
  }

  /**
   * A network with its task, trained for {@value #TRAINING_STEPS} steps on MNIST where its shape fits, else on synthetic blobs.
   *
   * @param network one of {@link #networks}
   * @param mnist a directory with MNIST; if there is none, blobs are drawn for all networks
   * @throws IllegalArgumentException if there is no task for the network
   */
  public static BenchModel of(String network, Path mnist) {
    return new BenchModel(
        network,
        task(network),
        Files.isDirectory(mnist) ? Datasets.open(mnist, Split.TRAIN) : null);
  }

  /**
   * A network for its task.
   *
   * @param network one of {@link #networks}
   * @throws IllegalArgumentException if there is no task for the network
   */
  public static Architecture architecture(String network) {
    return task(network).architecture(network);
  }

  private static Task task(String network) {
    Task task = TASKS.get(network);
    if (task == null) {
      throw new IllegalArgumentException(
          String.format(
              "There is no benchmark of network '%s': choose from %s.",
              network, String.join(", ", TASKS.keySet())));
    }
    return task;
  }

  private float[] trained() {
    float[] model = InitialParameters.of(architecture, SEED);
    Mask full = Mask.full(architecture.layout());
    try (LocalTrainer trainer = new LocalTrainer(architecture, task.loss, TRAINING_BATCH)) {
      float[] delta =
          trainer
              .train(
                  data,
                  indices(TRAINING_STEPS * TRAINING_BATCH),
                  TRAINING_STEPS,
                  model,
                  full,
                  task.learningRate,
                  null)
              .activeDelta();
      full.scatterAdd(delta, model);
    }
    return model;
  }

  public Architecture architecture() {
    return architecture;
  }

  public Loss loss() {
    return task.loss;
  }

  public double learningRate() {
    return task.learningRate;
  }

  public Dataset data() {
    return data;
  }

  /** Where the images come from, for people. */
  public String dataName() {
    return dataName;
  }

  /** All parameters, in layout order; shared, so not to be changed. */
  public float[] parameters() {
    return parameters;
  }

  /** So many images in random order; once all have been taken they are taken again. */
  public int[] indices(int count) {
    int[] indices = new int[count];
    for (int i = 0; i < count; i++) {
      indices[i] = order[i % order.length];
    }
    return indices;
  }
}
