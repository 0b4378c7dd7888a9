package io.coppice.agent;

import java.nio.file.Path;

/** A process that takes a slot, prints its number, and holds it until it is killed. */
final class SlotHolder {

  private SlotHolder() {}

  public static void main(String... args) throws Exception {
    AgentSlot slot =
        AgentSlot.takeLowest(Path.of(args[0]), Integer.parseInt(args[1])).orElseThrow();
    System.out.println(slot.number());
    Thread.sleep(Long.MAX_VALUE);
    slot.close();
  }
}
