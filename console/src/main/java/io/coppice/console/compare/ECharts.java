package io.coppice.console.compare;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Properties;

/** Apache ECharts, from its WebJar on the class path: one script without dependencies, licence text included. */
final class ECharts {

  private ECharts() {}

  /** The version on the class path. */
  static String version() {
    Properties properties = new Properties();
    try (InputStream in = resource("/META-INF/maven/org.webjars/echarts/pom.properties")) {
      properties.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return properties.getProperty("version");
  }

  /** The minified script. */
  static String script() {
    String path = "/META-INF/resources/webjars/echarts/" + version() + "/echarts.min.js";
    try (InputStream in = resource(path)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static InputStream resource(String path) {
    InputStream in = ECharts.class.getResourceAsStream(path);
    if (in == null) {
      throw new IllegalStateException("ECharts is not on the class path: there is no " + path);
    }
    return in;
  }
}
