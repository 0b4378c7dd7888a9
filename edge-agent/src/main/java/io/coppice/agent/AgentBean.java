package io.coppice.agent;

import io.coppice.learning.data.DataFormatException;
import io.coppice.learning.data.Dataset;
import io.coppice.learning.data.Datasets;
import io.coppice.learning.data.Partitioners;
import io.coppice.learning.data.Split;
import io.coppice.learning.engine.KernelChoice;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.LogSerdes;
import io.coppice.service.ServiceMain;
import io.coppice.service.StartException;
import io.micrometer.core.instrument.MeterRegistry;
import io.micronaut.context.annotation.Bean;
import io.micronaut.context.annotation.Context;
import io.micronaut.context.annotation.Factory;
import io.micronaut.context.annotation.Requires;
import java.nio.file.Path;

/** The {@link EdgeAgent}s of a device as a bean that lives as long as the application. */
@Factory
@Requires(property = ServiceMain.SERVICE, value = Application.SERVICE)
class AgentBean {

  /**
   * @throws StartException if the data cannot be read or split, or the key cannot be read
   */
  @Context
  @Bean(preDestroy = "close")
  AgentRuns agent(
      ClusterConfig cluster, LogSerdes serdes, AgentSettings settings, MeterRegistry meters) {
    AgentRuns agent =
        new AgentRuns(
            cluster,
            serdes,
            settings.getId(),
            KeySettings.key(settings),
            settings.runs(),
            AgentData.of(trainingData(settings)),
            new ComputeGate(1, KernelChoice.named(settings.getKernels())),
            settings.getLinkBytesPerSecond() == null
                ? DeviceLink.measured()
                : DeviceLink.ofSpeed(settings.getLinkBytesPerSecond()),
            meters);
    agent.start();
    return agent;
  }

  private static Dataset trainingData(AgentSettings settings) {
    try {
      Dataset all = Datasets.open(Path.of(settings.getData()), Split.TRAIN);
      if (settings.getPartition() == null) {
        return all;
      }
      if (settings.getPartitionIndex() >= settings.getPartitionCount()) {
        throw new StartException(
            String.format(
                "coppice.agent.partition-index is %d but there are only %d parts, counted from 0.",
                settings.getPartitionIndex(), settings.getPartitionCount()),
            null);
      }
      int[][] parts =
          Partitioners.parse(settings.getPartition())
              .split(all, settings.getPartitionCount(), settings.getPartitionSeed());
      return all.subset(parts[settings.getPartitionIndex()]);
    } catch (DataFormatException e) {
      throw new StartException("coppice.agent.data: " + e.getMessage(), e);
    } catch (IllegalArgumentException e) {
      throw new StartException("coppice.agent.partition: " + e.getMessage(), e);
    }
  }
}
