package io.coppice.agent;

import io.coppice.learning.engine.KernelChoice;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.LogSerdes;
import io.coppice.service.InstanceName;
import io.coppice.service.ServiceMain;
import io.coppice.service.StartException;
import io.micrometer.core.instrument.MeterRegistry;
import io.micronaut.context.annotation.Bean;
import io.micronaut.context.annotation.Context;
import io.micronaut.context.annotation.Factory;
import io.micronaut.context.annotation.Requires;
import jakarta.inject.Singleton;

/** The {@link EdgeAgent}s of a device as a bean that lives as long as the application. */
@Factory
@Requires(property = ServiceMain.SERVICE, value = Application.SERVICE)
class AgentBean {

  /**
   * @throws StartException if there is no free slot
   */
  @Singleton
  @Bean(preDestroy = "close")
  AgentPlace place(AgentSettings settings) {
    return AgentPlace.of(settings);
  }

  @Singleton
  InstanceName name(AgentPlace place) {
    return place.instanceName();
  }

  /**
   * @throws StartException if the data cannot be read or split, or the key cannot be read
   */
  @Context
  @Bean(preDestroy = "close")
  AgentRuns agent(
      ClusterConfig cluster,
      LogSerdes serdes,
      AgentSettings settings,
      AgentPlace place,
      MeterRegistry meters) {
    AgentRuns agent =
        new AgentRuns(
            cluster,
            serdes,
            place.agentId(),
            KeySettings.key(settings, place),
            settings.runs(),
            DeviceData.read(settings, place.part()),
            new ComputeGate(1, KernelChoice.named(settings.getKernels())),
            settings.getLinkBytesPerSecond() == null
                ? DeviceLink.measured()
                : DeviceLink.ofSpeed(settings.getLinkBytesPerSecond()),
            meters);
    agent.start();
    return agent;
  }
}
