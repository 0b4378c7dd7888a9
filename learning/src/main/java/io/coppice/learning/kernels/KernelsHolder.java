package io.coppice.learning.kernels;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Chooses the kernels when they are first asked for. */
final class KernelsHolder {

  private static final Logger LOG = LoggerFactory.getLogger(KernelsHolder.class);

  static final Kernels BEST = choose();

  private KernelsHolder() {}

  private static Kernels choose() {
    if (ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent()) {
      Kernels kernels = new VectorKernels();
      LOG.info("Sparse kernels: {}.", kernels.description());
      return kernels;
    }
    Kernels kernels = new ScalarKernels();
    LOG.warn(
        "Sparse kernels: {}, several times slower; start Java with --add-modules"
            + " jdk.incubator.vector for the fast ones.",
        kernels.description());
    return kernels;
  }
}
