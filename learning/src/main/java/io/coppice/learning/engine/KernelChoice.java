package io.coppice.learning.engine;

import io.coppice.learning.nn.Architecture;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** How a device comes by its {@link KernelPolicy}. */
public enum KernelChoice {

  /** By the crossovers measured on the device. */
  MEASURED {
    @Override
    public KernelPolicy policy(Architecture architecture, int batch) {
      return Crossovers.measure(architecture, batch, MEASURING_TIME);
    }
  },

  /** By one crossover for all layers and machines, so that the same training has the same bits on machines of a kind. */
  USUAL {
    @Override
    public KernelPolicy policy(Architecture architecture, int batch) {
      return KernelPolicy.usual();
    }
  },

  /** Every layer by ND4J. */
  DENSE {
    @Override
    public KernelPolicy policy(Architecture architecture, int batch) {
      return KernelPolicy.dense();
    }
  },

  /** Every layer by its active weights. */
  SPARSE {
    @Override
    public KernelPolicy policy(Architecture architecture, int batch) {
      return KernelPolicy.sparse();
    }
  };

  private static final Duration MEASURING_TIME = Duration.ofMillis(1500);

  /** The policy for a network and a batch size; may take seconds of computing in the calling thread. */
  public abstract KernelPolicy policy(Architecture architecture, int batch);

  /**
   * The choice of a name, such as {@code measured}.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static KernelChoice named(String name) {
    return Arrays.stream(values())
        .filter(choice -> choice.lowerCase().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    String.format(
                        "There are no kernels \"%s\": choose one of %s.",
                        name,
                        Arrays.stream(values())
                            .map(KernelChoice::lowerCase)
                            .collect(Collectors.joining(", ")))));
  }

  private String lowerCase() {
    return name().toLowerCase(Locale.ROOT);
  }
}
