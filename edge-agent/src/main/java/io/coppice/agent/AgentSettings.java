package io.coppice.agent;

import io.micronaut.context.annotation.ConfigurationProperties;
import io.micronaut.core.annotation.Nullable;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.Pattern;
import jakarta.validation.constraints.Positive;
import jakarta.validation.constraints.PositiveOrZero;
import java.util.Arrays;
import java.util.List;

/** {@code coppice.agent.*}. */
@ConfigurationProperties("coppice.agent")
public class AgentSettings {

  @NotBlank
  @Pattern(regexp = "[a-z0-9-]{1,64}", message = "must be 1 to 64 of a-z, 0-9 and '-'")
  private String id = "agent-0";

  @Nullable
  @Pattern(
      regexp = "[a-z0-9-]{1,64}( *, *[a-z0-9-]{1,64})*",
      message = "must be 1 to 64 of a-z, 0-9 and '-', or several of these separated by commas")
  private String run;

  @NotBlank private String data = "data";

  @Nullable private String partition;
  @PositiveOrZero private int partitionIndex;
  @Positive private int partitionCount = 1;
  private long partitionSeed;
  @Nullable @Positive private Double linkBytesPerSecond;

  @Pattern(
      regexp = "measured|usual|dense|sparse",
      message = "must be measured, usual, dense or sparse")
  private String kernels = "measured";

  @Nullable private String keyFile;
  @Nullable private String keyPassword;
  @Nullable private String keyPasswordFile;
  @Nullable private String keyAlias;
  private boolean signed = true;

  /** Unique name of the agent within the run. */
  public String getId() {
    return id;
  }

  public void setId(String id) {
    this.id = id;
  }

  /** The run to join, or several separated by commas; none: the newest, and when it is over the next. */
  @Nullable
  public String getRun() {
    return run;
  }

  /** The runs to join, each once; none: the newest, and when it is over the next. */
  List<String> runs() {
    return run == null ? List.of() : Arrays.stream(run.split(" *, *")).distinct().toList();
  }

  public void setRun(@Nullable String run) {
    this.run = run;
  }

  /** Directory with the data of the device. */
  public String getData() {
    return data;
  }

  public void setData(String data) {
    this.data = data;
  }

  /** For trials in which many agents share one data set: how it is split, such as dirichlet:0.5; none: all of it is this agent's. */
  @Nullable
  public String getPartition() {
    return partition;
  }

  public void setPartition(@Nullable String partition) {
    this.partition = partition;
  }

  /** Which part of the split is this agent's, from 0. */
  public int getPartitionIndex() {
    return partitionIndex;
  }

  public void setPartitionIndex(int partitionIndex) {
    this.partitionIndex = partitionIndex;
  }

  /** Number of parts of the split. */
  public int getPartitionCount() {
    return partitionCount;
  }

  public void setPartitionCount(int partitionCount) {
    this.partitionCount = partitionCount;
  }

  /** Seed of the split: the same for all agents. */
  public long getPartitionSeed() {
    return partitionSeed;
  }

  public void setPartitionSeed(long partitionSeed) {
    this.partitionSeed = partitionSeed;
  }

  /**
   * Speed of the link to the brokers in runs whose cost is measured: as many bytes up as down, divided by the time that both take
   * one after the other; none: it is measured.
   */
  @Nullable
  public Double getLinkBytesPerSecond() {
    return linkBytesPerSecond;
  }

  public void setLinkBytesPerSecond(@Nullable Double linkBytesPerSecond) {
    this.linkBytesPerSecond = linkBytesPerSecond;
  }

  /**
   * How it is decided which layers are computed by their active weights: measured on the device, by the usual density of every
   * layer, none (dense) or all (sparse).
   */
  public String getKernels() {
    return kernels;
  }

  public void setKernels(String kernels) {
    this.kernels = kernels;
  }

  /** File with the key that the agent signs with, PEM or PKCS#12; none: a new key in memory. */
  @Nullable
  public String getKeyFile() {
    return keyFile;
  }

  public void setKeyFile(@Nullable String keyFile) {
    this.keyFile = keyFile;
  }

  /** Password of a PKCS#12 key file. */
  @Nullable
  public String getKeyPassword() {
    return keyPassword;
  }

  public void setKeyPassword(@Nullable String keyPassword) {
    this.keyPassword = keyPassword;
  }

  /** File whose first line is that password. */
  @Nullable
  public String getKeyPasswordFile() {
    return keyPasswordFile;
  }

  public void setKeyPasswordFile(@Nullable String keyPasswordFile) {
    this.keyPasswordFile = keyPasswordFile;
  }

  /** Name of the key in a PKCS#12 key file; none: it holds only one. */
  @Nullable
  public String getKeyAlias() {
    return keyAlias;
  }

  public void setKeyAlias(@Nullable String keyAlias) {
    this.keyAlias = keyAlias;
  }

  /** Whether the agent signs; without it only runs with optional signatures take it. */
  public boolean isSigned() {
    return signed;
  }

  public void setSigned(boolean signed) {
    this.signed = signed;
  }
}
