package io.coppice.pruning;

import io.micronaut.context.annotation.ConfigurationProperties;
import io.micronaut.core.annotation.Nullable;

/** {@code coppice.pruning.*}. */
@ConfigurationProperties("coppice.pruning")
public class PruningSettings {

  @Nullable private String instanceId;
  @Nullable private String testData;

  /** Name of this instance for static group membership; none: known only while it lives. */
  @Nullable
  public String getInstanceId() {
    return instanceId;
  }

  public void setInstanceId(@Nullable String instanceId) {
    this.instanceId = instanceId;
  }

  /** Directory with the test set for runs that are evaluated centrally; none: this instance does not evaluate. */
  @Nullable
  public String getTestData() {
    return testData;
  }

  public void setTestData(@Nullable String testData) {
    this.testData = testData;
  }
}
