package io.coppice.learning.data;

/** The two parts that published data sets come in. */
public enum Split {
  /** For training; agents share it. */
  TRAIN,
  /** For evaluation only. */
  TEST
}
