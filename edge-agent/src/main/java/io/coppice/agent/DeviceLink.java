package io.coppice.agent;

import java.util.OptionalDouble;
import java.util.concurrent.locks.ReentrantLock;

/** The device's link to the brokers, shared by all agents of a process: its speed is a setting, or it is measured once. */
public final class DeviceLink {

  private final ReentrantLock measuring = new ReentrantLock();
  private OptionalDouble bytesPerSecond;

  private DeviceLink(OptionalDouble bytesPerSecond) {
    this.bytesPerSecond = bytesPerSecond;
  }

  /** A link whose speed is measured when it is first asked for. */
  public static DeviceLink measured() {
    return new DeviceLink(OptionalDouble.empty());
  }

  /**
   * A link whose speed is known.
   *
   * @param bytesPerSecond as many bytes up as down, divided by the time that both take one after the other; above 0
   */
  public static DeviceLink ofSpeed(double bytesPerSecond) {
    return new DeviceLink(OptionalDouble.of(bytesPerSecond));
  }

  /**
   * The link's speed.
   *
   * @param probe measures it, if that is necessary
   */
  double bytesPerSecond(LinkProbe probe) throws InterruptedException {
    measuring.lockInterruptibly();
    try {
      if (bytesPerSecond.isEmpty()) {
        bytesPerSecond = OptionalDouble.of(probe.bytesPerSecond());
      }
      return bytesPerSecond.getAsDouble();
    } finally {
      measuring.unlock();
    }
  }
}
