package io.coppice.agent;

import io.coppice.learning.data.DataFormatException;
import io.coppice.learning.data.Dataset;
import io.coppice.learning.data.Datasets;
import io.coppice.learning.data.Partitioners;
import io.coppice.learning.data.Split;
import io.coppice.learning.random.SplitMix64;
import io.coppice.service.StartException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/** The device's data as the agent's settings have them. */
final class DeviceData {

  private DeviceData() {}

  /**
   * Reads the data, takes the agent's part of them, and puts aside what is held out.
   *
   * @param part which part of a common data set is the agent's, from 0
   * @throws StartException naming the setting with which the data cannot be read or split
   */
  static AgentData read(AgentSettings settings, int part) {
    try {
      Dataset all = Datasets.open(Path.of(settings.getData()), Split.TRAIN);
      return holdOut(
          settings.getPartition() == null ? all : part(all, settings, part), settings, part);
    } catch (DataFormatException e) {
      throw new StartException("coppice.agent.data: " + e.getMessage(), e);
    }
  }

  private static Dataset part(Dataset all, AgentSettings settings, int part) {
    if (part >= settings.getPartitionCount()) {
      throw new StartException(
          String.format(
              "coppice.agent.partition-index is %d but there are only %d parts, counted from 0.",
              part, settings.getPartitionCount()),
          null);
    }
    try {
      int[][] parts =
          Partitioners.parse(settings.getPartition())
              .split(all, settings.getPartitionCount(), settings.getPartitionSeed());
      return all.subset(parts[part]);
    } catch (IllegalArgumentException e) {
      throw new StartException("coppice.agent.partition: " + e.getMessage(), e);
    }
  }

  /** Which samples are held out follows from the seed of the split, so that a restarted agent does not train on them. */
  private static AgentData holdOut(Dataset own, AgentSettings settings, int part) {
    int heldOut = (int) Math.round(settings.getHoldOut() * own.size());
    if (heldOut == 0) {
      return AgentData.of(own);
    }
    if (heldOut == own.size()) {
      throw new StartException(
          String.format(
              "coppice.agent.hold-out is %s, which leaves none of %d samples to train on.",
              settings.getHoldOut(), own.size()),
          null);
    }
    int[] order =
        new SplitMix64(SplitMix64.seed(settings.getPartitionSeed(), part)).permutation(own.size());
    int[] kept = Arrays.copyOfRange(order, heldOut, order.length);
    int[] aside = Arrays.copyOf(order, heldOut);
    // In the order in which the data have them, as without a hold-out.
    Arrays.sort(kept);
    Arrays.sort(aside);
    return new AgentData(own.subset(kept), Optional.of(own.subset(aside)), Optional.empty());
  }
}
