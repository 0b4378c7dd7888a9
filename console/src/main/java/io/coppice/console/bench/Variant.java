package io.coppice.console.bench;

import io.coppice.learning.engine.KernelChoice;
import io.coppice.learning.engine.KernelPolicy;
import io.coppice.learning.engine.Network;
import io.coppice.learning.training.LocalTrainer;
import java.util.List;

/**
 * A way to compute a network.
 *
 * @param name in the table
 * @param followsDensity whether pruned weights save time; if not, it is measured without pruning only
 * @param kernels how it is chosen which of its layers are sparse
 */
record Variant(String name, boolean followsDensity, KernelChoice kernels) {

  /** Every layer in ND4J, pruned weights being zeros: what the others are compared with. */
  static final Variant DENSE = new Variant("dense (ND4J)", false, KernelChoice.DENSE);

  /** All there are, in the order of the table: dense, sparse, and each layer by its measured crossover. */
  static final List<Variant> ALL =
      List.of(
          DENSE,
          new Variant("sparse", true, KernelChoice.SPARSE),
          new Variant("measured", true, KernelChoice.MEASURED));

  /** Which layers are sparse; may measure for seconds. */
  KernelPolicy policy(BenchModel model, Workload workload) {
    return kernels.policy(model.architecture(), workload.batch());
  }

  /** Opens a network that is computed by a policy of this variant. */
  Engine open(BenchModel model, Workload workload, KernelPolicy policy) {
    return switch (workload.kind()) {
      case STEP ->
          new TrainingEngine(
              model,
              workload,
              new LocalTrainer(model.architecture(), model.loss(), workload.batch(), policy));
      case INFERENCE ->
          new InferenceEngine(
              model, Network.forInference(model.architecture().stack(), workload.batch(), policy));
    };
  }
}
