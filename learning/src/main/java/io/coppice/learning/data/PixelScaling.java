package io.coppice.learning.data;

import java.util.Collections;
import java.util.List;

/**
 * How pixels become the values that networks take: {@code (pixel - mean) / deviation} of a pixel in [0, 1], a byte being divided
 * by 255 first.
 *
 * @param means one a channel
 * @param deviations one a channel, not 0; -1 with a mean of 1 inverts the image
 */
public record PixelScaling(List<Float> means, List<Float> deviations) {

  public PixelScaling {
    means = List.copyOf(means);
    deviations = List.copyOf(deviations);
    if (means.size() != deviations.size()) {
      throw new IllegalArgumentException(
          String.format(
              "Pixels of %d means have as many deviations, not %d.",
              means.size(), deviations.size()));
    }
  }

  /** Pixels as they are, in [0, 1]. */
  static PixelScaling none(int channels) {
    return new PixelScaling(Collections.nCopies(channels, 0f), Collections.nCopies(channels, 1f));
  }

  /** The value that a pixel in [0, 1] becomes. */
  public float value(int channel, float pixel) {
    return (pixel - means.get(channel)) / deviations.get(channel);
  }
}
