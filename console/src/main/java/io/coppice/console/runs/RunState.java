package io.coppice.console.runs;

import io.coppice.console.progress.RunMonitor;

/** How far a run is. */
public enum RunState {
  /** Nobody has taken it up: no aggregator is there. */
  DEFINED("defined"),
  /** It begins when its agents have joined. */
  WAITING("waiting for agents"),
  RUNNING("running"),
  STOPPED("stopped"),
  FINISHED("finished");

  private final String words;

  RunState(String words) {
    this.words = words;
  }

  /** As people read it. */
  public String words() {
    return words;
  }

  /** That of a run whose log has been read. */
  public static RunState of(RunMonitor monitor) {
    if (monitor.finished().isPresent()) {
      return FINISHED;
    }
    if (monitor.stopped().isPresent()) {
      return STOPPED;
    }
    if (monitor.openRound().isPresent()) {
      return RUNNING;
    }
    return monitor.isAccepted() ? WAITING : DEFINED;
  }
}
