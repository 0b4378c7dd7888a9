package io.coppice.console.faults;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.util.Arrays;

/**
 * Runs another program's main method for as long as somebody holds the other end of standard input: a process that a test has
 * started dies with the test, whatever the test dies of.
 */
public final class Leash {

  private static final int LET_GO = 99;

  private Leash() {}

  /**
   * Runs it.
   *
   * @param arguments name of the main class, then its arguments
   */
  public static void main(String[] arguments) throws Exception {
    Thread.ofPlatform().name("leash").daemon().start(Leash::haltWhenLetGo);
    try {
      Class.forName(arguments[0])
          .getMethod("main", String[].class)
          .invoke(null, (Object) Arrays.copyOfRange(arguments, 1, arguments.length));
    } catch (InvocationTargetException e) {
      e.getCause().printStackTrace();
      System.exit(1);
    }
  }

  private static void haltWhenLetGo() {
    try {
      while (System.in.read() >= 0) {
        // Nobody has anything to say; only the end matters.
      }
    } catch (IOException e) {
      // The same as the end.
    }
    Runtime.getRuntime().halt(LET_GO);
  }
}
