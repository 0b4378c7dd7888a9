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
import java.util.Optional;

/** The {@link EdgeAgent} as a bean that lives as long as the application. */
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
  AgentRunner agent(
      ClusterConfig cluster,
      LogSerdes serdes,
      AgentSettings settings,
      AgentPlace place,
      MeterRegistry meters) {
    EdgeAgent.Identity identity =
        new EdgeAgent.Identity(
            place.agentId(),
            Optional.ofNullable(settings.getRun()),
            KeySettings.key(settings, place));
    AgentRunner runner =
        new AgentRunner(
            cluster,
            serdes,
            identity,
            DeviceData.read(settings, place.part()),
            new ComputeGate(1, KernelChoice.named(settings.getKernels())),
            settings.getLinkBytesPerSecond() == null
                ? DeviceLink.measured()
                : DeviceLink.ofSpeed(settings.getLinkBytesPerSecond()),
            new AgentMetrics(meters, place.agentId()));
    runner.start();
    return runner;
  }
}
