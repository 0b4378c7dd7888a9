package io.coppice.service;

/**
 * What this process is called, where a service gives itself a name: settings that name files may contain it, so that replicas with
 * the same settings have files of their own.
 *
 * @param placeholder what stands for the name in settings, such as {@code {agent}}
 * @param name the name
 */
public record InstanceName(String placeholder, String name) {

  /** A setting with the name in it. */
  public String in(String setting) {
    return setting.replace(placeholder, name);
  }
}
