package io.coppice.pruning;

import io.coppice.learning.data.DataFormatException;
import io.coppice.learning.data.Dataset;
import io.coppice.learning.data.Datasets;
import io.coppice.learning.data.Split;
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
import java.util.Optional;

/** The {@link PruningService} as a bean that lives as long as the application. */
@Factory
@Requires(property = ServiceMain.SERVICE, value = Application.SERVICE)
class PruningBean {

  /**
   * @throws StartException if the test set cannot be read
   */
  @Context
  @Bean(preDestroy = "close")
  PruningService service(
      ClusterConfig cluster, LogSerdes serdes, PruningSettings settings, MeterRegistry meters) {
    PruningService service =
        new PruningService(
            cluster,
            Optional.ofNullable(settings.getInstanceId()),
            serdes,
            testSet(settings),
            meters);
    service.start();
    return service;
  }

  private static Optional<Dataset> testSet(PruningSettings settings) {
    try {
      return Optional.ofNullable(settings.getTestData())
          .map(directory -> Datasets.open(Path.of(directory), Split.TEST));
    } catch (DataFormatException e) {
      throw new StartException("coppice.pruning.test-data: " + e.getMessage(), e);
    }
  }
}
